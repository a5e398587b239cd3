import { tellOfStarter } from './stories/starter.ts';

// Its expectations are in the story itself.
tellOfStarter('trixie');
