import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { jobResults } from '../../../../lib/io/bus/job-results.ts';
import { connectionLoss } from '../../../../lib/io/bus/connection-loss.ts';

const never = connectionLoss();
const queue = (job: string) => () => Promise.resolve(job);

describe('jobEnds', () => {
  it('tells all callers that wait for the same job, and no others', async () => {
    const jobs = jobResults();
    const both = [jobs.wait(queue('/job/1'), 5000, never), jobs.wait(queue('/job/1'), 5000, never)];
    const other = jobs.wait(queue('/job/2'), 50, never);
    await Promise.resolve().then(() => undefined);
    await new Promise(setImmediate);
    jobs.ended('/job/1', 'done');
    expect(await Promise.all(both)).toEqual(['done', 'done']);
    expect(await other).toBe('timeout');
  });

  it('knows an end that was told before the answer, but only while answers are outstanding', async () => {
    const jobs = jobResults();
    jobs.ended('/job/1', 'failed');
    const first = jobs.wait(
      () => {
        jobs.ended('/job/2', 'canceled');
        return Promise.resolve('/job/2');
      },
      5000,
      never,
    );
    expect(await first).toBe('canceled');
    expect(await jobs.wait(queue('/job/1'), 20, never)).toBe('timeout');
    expect(await jobs.wait(queue('/job/2'), 20, never)).toBe('timeout');
  });

  it('names the jobs that a caller waits for', async () => {
    const jobs = jobResults();
    const both = [jobs.wait(queue('/job/1'), 5000, never), jobs.wait(queue('/job/2'), 5000, never)];
    await new Promise(setImmediate);
    expect(jobs.pending()).toEqual(['/job/1', '/job/2']);
    jobs.ended('/job/1', 'done');
    expect(jobs.pending()).toEqual(['/job/2']);
    jobs.ended('/job/2', 'done');
    expect(await Promise.all(both)).toEqual(['done', 'done']);
  });

  it('fails with the connection, and when a job is not queued', async () => {
    const jobs = jobResults();
    const line = connectionLoss();
    const failed = expect(jobs.wait(queue('/job/1'), 5000, line)).rejects.toThrow('gone');
    await new Promise(setImmediate);
    line.fail(new UpdateError('SYSTEMD_UNAVAILABLE', 'gone'));
    await failed;
    await expect(jobs.wait(queue('/job/1'), 5000, line)).rejects.toThrow('gone');
    expect(jobs.pending()).toEqual([]);
    await expect(jobs.wait(() => Promise.reject(new Error('refused')), 5000, never)).rejects.toThrow('refused');
  });

  it('keeps nothing of jobs that have ended, however many there were on one connection', async () => {
    const [jobs, line] = [jobResults(), connectionLoss()];
    for (let each = 0; each < 100; each += 1) expect(await jobs.wait(queue('/job/1'), 0, line)).toBe('timeout');
    expect(line.size()).toBe(0);
  });

  it('leaves no timer behind when it is closed', async () => {
    const jobs = jobResults();
    let settled = false;
    void jobs.wait(queue('/job/1'), 20, never).then(() => (settled = true));
    await new Promise(setImmediate);
    jobs.close();
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(settled).toBe(false);
  });
});
