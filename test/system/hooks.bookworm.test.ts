import { tellOfHooks } from './stories/hooks.ts';

// Its expectations are in the story itself.
tellOfHooks('bookworm');
