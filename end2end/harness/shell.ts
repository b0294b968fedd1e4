// A terminal: what a page offers to paste is run as it stands, by a real shell, in
// a folder of its own.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Terminal {
  private readonly folder = mkdtempSync(join(tmpdir(), 'imprimatur-paste-'));

  /** Runs what was pasted and answers how it ended. */
  paste(text: string): Promise<{ code: number; said: string }> {
    return new Promise((resolve) => {
      execFile('bash', ['-c', text], { cwd: this.folder }, (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
        resolve({ code, said: stdout + stderr });
      });
    });
  }

  files(): string[] {
    return readdirSync(this.folder).sort();
  }

  read(file: string): Buffer {
    return readFileSync(join(this.folder, file));
  }

  /** The status and the headers that curl wrote down. */
  headers(): { status: number; headers: Headers } {
    const [first = '', ...lines] = this.read('headers.txt').toString('utf8').trim().split(/\r?\n/);
    const headers = new Headers();
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    return { status: Number(first.split(' ')[1]), headers };
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
