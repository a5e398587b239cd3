import { tellHostileAttacks } from './stories/hostile-attacks.ts';

// Its expectations are in the story itself.
tellHostileAttacks('trixie');
