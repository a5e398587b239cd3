import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import type { TakenFile } from '../../../../lib/transaction/files/untrusted-files.ts';
import { holdUntrusted, readUntrusted, stagedInvalid, untrustedBytes } from '../../../../lib/transaction/files/untrusted-files.ts';
import { matching } from '../../../helpers/matchers.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();
const USER = 65_534;
const SECRET = 'root:$y$secret';

/** A folder of another user with a file three folders down, and a secret of root's beside it. */
function folder(): string {
  writeTree(dir(), { '/base/1.0.0/tree/web/page': 'bytes', '/secret/page': SECRET });
  execFileSync('chown', ['-R', `${String(USER)}:${String(USER)}`, `${dir()}/base`]);
  fs.chmodSync(`${dir()}/secret/page`, 0o600);
  return `${dir()}/base`;
}

const PATH = '1.0.0/tree/web/page';

describe('readUntrusted', () => {
  it('answers with the bytes of a plain file of the user, or of root', () => {
    const base = folder();
    expect(readUntrusted(base, PATH, 5)).toEqual({ is: 'there', bytes: Buffer.from('bytes'), uid: fs.statSync(base).uid });
    fs.chownSync(`${base}/${PATH}`, 0, 0);
    expect(readUntrusted(base, PATH, 5)).toEqual({ is: 'there', bytes: Buffer.from('bytes'), uid: 0 });
    expect(untrustedBytes(base, PATH, 5)?.toString()).toBe('bytes');
  });

  it('follows a link to the folder itself, which only root can have put there', () => {
    fs.renameSync(folder(), `${dir()}/elsewhere`);
    fs.symlinkSync('elsewhere', `${dir()}/base`);
    expect(untrustedBytes(`${dir()}/base`, PATH, 5)?.toString()).toBe('bytes');
  });

  it('does not mind a second name in a folder of the running user, where no other user can make one', () => {
    const base = folder();
    execFileSync('chown', ['-R', String(process.geteuid?.()), base]);
    fs.linkSync(`${base}/${PATH}`, `${dir()}/copy`);
    expect(untrustedBytes(base, PATH, 5)?.toString()).toBe('bytes');
  });

  it('knows when there is none', () => {
    const base = folder();
    for (const path of ['none', 'none/page', '1.0.0/tree/web/none']) expect(readUntrusted(base, path, 5), path).toEqual({ is: 'absent' });
    expect(readUntrusted(`${dir()}/none`, PATH, 5)).toEqual({ is: 'absent' });
  });

  it.each<[string, (at: string) => void]>([
    [
      'a link for the first folder',
      (at) => {
        linkTo(`${at}/1.0.0`);
      },
    ],
    [
      'a link for the second folder',
      (at) => {
        linkTo(`${at}/1.0.0/tree`);
      },
    ],
    [
      'a link for the third folder',
      (at) => {
        linkTo(`${at}/1.0.0/tree/web`);
      },
    ],
    [
      'a link to the same folder',
      (at) => {
        linkTo(`${at}/1.0.0/tree/web`, 'web.old');
      },
    ],
    [
      'a link for the file',
      (at) => {
        linkTo(`${at}/${PATH}`, '../../../../secret/page');
      },
    ],
    [
      'a link that leads nowhere',
      (at) => {
        linkTo(`${at}/${PATH}`, 'nowhere');
      },
    ],
    [
      'a file for a folder',
      (at) => {
        put(`${at}/1.0.0/tree/web`, () => {
          fs.writeFileSync(`${at}/1.0.0/tree/web`, 'x');
        });
      },
    ],
    [
      'a folder for the file',
      (at) => {
        put(`${at}/${PATH}`, () => {
          fs.mkdirSync(`${at}/${PATH}`);
        });
      },
    ],
    [
      'a FIFO',
      (at) => {
        put(`${at}/${PATH}`, () => execFileSync('mkfifo', [`${at}/${PATH}`]));
      },
    ],
    [
      'a device',
      (at) => {
        put(`${at}/${PATH}`, () => execFileSync('mknod', [`${at}/${PATH}`, 'c', '1', '5']));
      },
    ],
    [
      'a second name of a secret',
      (at) => {
        put(`${at}/${PATH}`, () => {
          fs.linkSync(`${dir()}/secret/page`, `${at}/${PATH}`);
        });
      },
    ],
    [
      'a second name of its own',
      (at) => {
        fs.linkSync(`${at}/${PATH}`, `${at}/again`);
      },
    ],
    [
      'a file of a third user',
      (at) => {
        fs.chownSync(`${at}/${PATH}`, 1, 1);
      },
    ],
    [
      'a folder of a third user',
      (at) => {
        fs.chownSync(`${at}/1.0.0/tree`, 1, 1);
      },
    ],
    [
      'a folder that everybody may write to',
      (at) => {
        fs.chmodSync(`${at}/1.0.0/tree`, 0o777);
      },
    ],
    [
      'a folder that a foreign group may write to',
      (at) => {
        put(null, () => {
          fs.chownSync(`${at}/1.0.0`, USER, 1);
          fs.chmodSync(`${at}/1.0.0`, 0o775);
        });
      },
    ],
    [
      'a byte too many',
      (at) => {
        fs.appendFileSync(`${at}/${PATH}`, '!');
      },
    ],
    [
      'no end',
      (at) => {
        fs.truncateSync(`${at}/${PATH}`, 2 ** 40);
      },
    ],
  ])('takes nothing, and tells nothing of it: %s', (_name, arrange) => {
    const base = folder();
    arrange(base);
    const read = readUntrusted(base, PATH, 5);
    const why = read.is === 'odd' ? read.why : null;
    expect(why).not.toBeNull();
    expect(why).not.toMatch(/secret|root:|[0-9a-f]{16}/);
    expect(stagedInvalid(`'x' ${why ?? ''}`)).toMatchObject({ code: 'STAGED_INVALID', hint: 'run it again to download the release again' });
  });

  it('does not wait for a socket', async () => {
    const base = folder();
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(`${base}/socket`, resolve));
    expect(readUntrusted(base, 'socket', 5)).toEqual({ is: 'odd', why: 'is a special file' });
    await new Promise((resolve) => server.close(resolve));
  });

  it.each(['', '.', '..', '../secret/page', '1.0.0/../../secret/page', '1.0.0//tree/web/page', '/etc/hostname', '1.0.0/tree/web/'])(
    'goes nowhere but down: %j',
    (path) => {
      expect(readUntrusted(folder(), path, 100)).toMatchObject({ is: 'odd' });
    },
  );

  it('tells an error of the disk by the path that people know', () => {
    const base = folder();
    const { readSync } = fs;
    fs.readSync = () => {
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
    };
    try {
      expect(() => readUntrusted(base, PATH, 5)).toThrow(expect.objectContaining({ code: 'EIO', path: `${base}/${PATH}` }));
    } finally {
      fs.readSync = readSync;
    }
  });

  it('keeps no descriptor', () => {
    const base = folder();
    const open = (): number => fs.readdirSync('/proc/self/fd').length;
    const before = open();
    for (const path of [PATH, 'none', '1.0.0', '../x']) readUntrusted(base, path, 5);
    expect(open()).toBe(before);
  });
});

/** What the user does while root reads: at the first call of fs.readSync, after every check. */
function whileRead<T>(change: () => void, act: () => T): { value: T; asked: number } {
  const { readSync } = fs;
  let asked = 0;
  fs.readSync = (...args: unknown[]): number => {
    if (asked === 0) change();
    const count: unknown = Reflect.apply(readSync, fs, args);
    asked += Number(count);
    return Number(count);
  };
  try {
    return { value: act(), asked };
  } finally {
    fs.readSync = readSync;
  }
}

describe('a file that changes while it is read', () => {
  const SIZE = 600_000;

  function pouring(change: (path: string) => void): { value: unknown; asked: number } {
    const base = folder();
    fs.writeFileSync(`${base}/${PATH}`, Buffer.alloc(SIZE, 'x'));
    const held = holdUntrusted(base);
    const read = whileRead(
      () => {
        change(`${base}/${PATH}`);
      },
      () => held.take(PATH, { size: SIZE, maxBytes: SIZE }, ({ pour }) => pour(() => undefined)),
    );
    held.close();
    return read;
  }

  it('is read to its length, and hashed', () => {
    const sha256 = createHash('sha256').update(Buffer.alloc(SIZE, 'x')).digest('hex');
    expect(pouring(() => undefined)).toEqual({ value: { is: 'there', value: sha256 }, asked: SIZE });
  });

  it('is refused when it grows, and never read past its length', () => {
    expect(
      pouring((path) => {
        fs.appendFileSync(path, Buffer.alloc(3_000_000, SECRET));
      }),
    ).toEqual({ value: { is: 'there', value: null }, asked: SIZE });
  });

  it('is refused when it shrinks', () => {
    expect(
      pouring((path) => {
        fs.truncateSync(path, 300_000);
      }),
    ).toEqual({ value: { is: 'there', value: null }, asked: 300_000 });
  });

  it('is the one that was opened, whatever takes its name', () => {
    const { value } = pouring((path) => {
      fs.renameSync(path, `${path}.old`);
      fs.symlinkSync('/etc/passwd', path);
    });
    expect(value).toMatchObject({ is: 'there', value: matching(/^[0-9a-f]{64}$/) });
  });
});

describe('holdUntrusted', () => {
  it('goes from file to file, up and down, and holds no more folders than one path has', () => {
    const base = folder();
    writeTree(base, { '/a/b/1': '1', '/a/b/2': '2', '/a/3': '3', '/a/c/d/e/4': '4', '/5': '5' });
    const open = (): number => fs.readdirSync('/proc/self/fd').length;
    const before = open();
    const held = holdUntrusted(base);
    const read = (path: string): unknown => held.take(path, { size: null, maxBytes: 9 }, ({ head, size }: TakenFile) => head(size).toString());
    const paths = ['a/b/1', 'a/b/2', 'a/3', 'a/c/d/e/4', 'a/b/1', '5', 'a/none', 'a/c/d/e/4'];
    expect(paths.map(read)).toEqual(paths.map((path) => (path === 'a/none' ? { is: 'absent' } : { is: 'there', value: path.at(-1) })));
    expect(open()).toBe(before + 5);
    held.close();
    expect(open()).toBe(before);
  });

  it('passes on what `act` throws as it is: a full disk is not that of the user', () => {
    const held = holdUntrusted(folder());
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    expect(() =>
      held.take(PATH, { size: 5, maxBytes: 5 }, () => {
        throw full;
      }),
    ).toThrow(full);
    expect('path' in full).toBe(false);
    held.close();
  });

  it('reads no more of the head than there is', () => {
    const base = folder();
    fs.writeFileSync(`${base}/short`, '#');
    const held = holdUntrusted(base);
    expect(held.take('short', { size: 1, maxBytes: 1 }, ({ head }) => head(2).toString())).toEqual({ is: 'there', value: '#' });
    held.close();
  });
});

function put(path: string | null, make: () => unknown): void {
  if (path !== null) fs.renameSync(path, `${path}.old`);
  make();
}

/** A link in place of something, to a folder of root's by default. */
function linkTo(path: string, target = `${dir()}/secret`): void {
  put(path, () => {
    fs.symlinkSync(target, path);
  });
}
