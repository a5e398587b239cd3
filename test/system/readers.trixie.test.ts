import { tellReaders } from './stories/readers.ts';

// Its expectations are in the story itself.
tellReaders('trixie');
