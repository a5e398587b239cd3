import { expect, it } from 'vitest';
import { statusOf } from '../../../../lib/core/http-api/api-status.ts';

it('says 4xx of what the client can change, 500 of our own defects, 503 of the rest', () => {
  expect((['REQUEST_INVALID', 'UNAUTHORIZED', 'HOST_REFUSED', 'NOT_FOUND', 'BUSY', 'INTERNAL'] as const).map(statusOf)).toEqual([
    400, 401, 403, 404, 409, 500,
  ]);
  for (const code of ['PERMISSION', 'SYSTEMD_UNAVAILABLE', 'CONFIG_MISSING', 'STATE_INVALID', 'OFFLINE', 'TOKEN_MISSING'] as const) {
    expect(statusOf(code)).toBe(503);
  }
});
