import { tellOfDashboard } from './stories/dashboard.ts';

// Its expectations are in the story itself.
tellOfDashboard('bookworm');
