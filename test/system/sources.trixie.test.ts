import { tellOfSources } from './stories/sources.ts';

// Its expectations are in the story itself.
tellOfSources('trixie');
