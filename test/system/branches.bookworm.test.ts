import { tellOfBranches } from './stories/branches.ts';

// Its expectations are in the story itself.
tellOfBranches('bookworm');
