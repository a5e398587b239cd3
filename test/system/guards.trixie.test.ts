import { tellGuards } from './stories/guards.ts';

// Its expectations are in the story itself.
tellGuards('trixie');
