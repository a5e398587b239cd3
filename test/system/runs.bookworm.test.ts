import { tellOfRuns } from './stories/runs.ts';

// Its expectations are in the story itself.
tellOfRuns('bookworm');
