import { tellOfSigned } from './stories/signed.ts';

// Its expectations are in the story itself.
tellOfSigned('trixie');
