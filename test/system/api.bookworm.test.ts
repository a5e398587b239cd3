import { tellOfApiHost } from './stories/api-host.ts';
import { tellOfApi } from './stories/api.ts';

// Their expectations are in the stories themselves.
tellOfApi('bookworm');
tellOfApiHost('bookworm');
