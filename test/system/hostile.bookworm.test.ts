import { tellHostile } from './stories/hostile.ts';

// Its expectations are in the story itself.
tellHostile('bookworm');
