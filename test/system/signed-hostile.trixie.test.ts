import { tellOfSignedHostile } from './stories/signed-hostile.ts';

// Its expectations are in the story itself.
tellOfSignedHostile('trixie');
