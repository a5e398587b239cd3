import { tellStory } from './stories/story.ts';

// Its expectations are in the story itself.
tellStory('trixie');
