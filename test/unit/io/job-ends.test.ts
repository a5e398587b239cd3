import { describe, expect, it } from 'vitest';
import { jobEnds } from '../../../lib/io/job-ends.ts';

const never = new Promise<never>(() => undefined);
const queue = (job: string) => () => Promise.resolve(job);

describe('jobEnds', () => {
  it('tells everybody who waits for the same job, and nobody else', async () => {
    const jobs = jobEnds();
    const both = [jobs.wait(queue('/job/1'), 5000, never), jobs.wait(queue('/job/1'), 5000, never)];
    const other = jobs.wait(queue('/job/2'), 50, never);
    await Promise.resolve().then(() => undefined);
    await new Promise(setImmediate);
    jobs.ended('/job/1', 'done');
    expect(await Promise.all(both)).toEqual(['done', 'done']);
    expect(await other).toBe('timeout');
  });

  it('knows an end that was told before the answer, but only while answers are outstanding', async () => {
    const jobs = jobEnds();
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

  it('names the jobs that somebody waits for', async () => {
    const jobs = jobEnds();
    const both = [jobs.wait(queue('/job/1'), 5000, never), jobs.wait(queue('/job/2'), 5000, never)];
    await new Promise(setImmediate);
    expect(jobs.pending()).toEqual(['/job/1', '/job/2']);
    jobs.ended('/job/1', 'done');
    expect(jobs.pending()).toEqual(['/job/2']);
    jobs.ended('/job/2', 'done');
    expect(await Promise.all(both)).toEqual(['done', 'done']);
  });

  it('fails with the connection, and when a job is not queued', async () => {
    const jobs = jobEnds();
    const gone = Promise.reject(new Error('gone'));
    await expect(jobs.wait(queue('/job/1'), 5000, gone)).rejects.toThrow('gone');
    await expect(jobs.wait(() => Promise.reject(new Error('refused')), 5000, never)).rejects.toThrow('refused');
  });

  it('leaves no timer behind when it is closed', async () => {
    const jobs = jobEnds();
    let settled = false;
    void jobs.wait(queue('/job/1'), 20, never).then(() => (settled = true));
    await new Promise(setImmediate);
    jobs.close();
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(settled).toBe(false);
  });
});
