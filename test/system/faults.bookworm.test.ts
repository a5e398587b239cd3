import { tellFaults } from './stories/faults.ts';

// Its expectations are in the story itself.
tellFaults('bookworm');
