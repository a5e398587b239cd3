import { tellCuts } from './stories/cuts.ts';

// Its expectations are in the story itself.
tellCuts('bookworm');
