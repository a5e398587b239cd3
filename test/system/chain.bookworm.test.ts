import { tellOfChain } from './stories/chain.ts';

// Its expectations are in the story itself.
tellOfChain('bookworm');
