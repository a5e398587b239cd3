import { tellDisturbed } from './stories/disturbed.ts';

// Its expectations are in the story itself.
tellDisturbed('bookworm');
