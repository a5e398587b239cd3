import { tellOfSignedHostile } from './stories/signed-hostile.ts';

// Its expectations are in the story itself.
tellOfSignedHostile('bookworm', 'a sample');
