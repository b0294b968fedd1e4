// Starts a demo with data of its own before the first test and stops it after the
// last. Always true: the tests never meet data that an earlier run has left.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import {
  binary, dataFolder, pidFile, portal, portalListen, serverLog, signInListen, visitedFolder,
} from './places';

// Ninety days of use take a while to seed where others use the machine too.
const START_MS = 240_000;
const STOP_MS = 20_000;

export default async function start(): Promise<() => Promise<void>> {
  if (!existsSync(binary)) throw new Error('The server is not built; run make build.');
  await stopLeftBehind();
  for (const folder of [dataFolder, visitedFolder]) rmSync(folder, { recursive: true, force: true });

  const log = openSync(serverLog, 'w');
  const server = spawn(binary, ['demo'], {
    env: {
      ...process.env,
      IMPRIMATUR_DATA_DIR: dataFolder,
      IMPRIMATUR_LISTEN: portalListen,
      IMPRIMATUR_SIGN_IN_LISTEN: signInListen,
    },
    stdio: ['ignore', log, log],
    // Ctrl-C reaches the tests only; they stop the server when they are done.
    detached: true,
  });
  const ended = new Promise<void>((resolve) => {
    server.once('exit', () => resolve());
    server.once('error', () => resolve());
  });
  if (server.pid) writeFileSync(pidFile, String(server.pid));

  try {
    await ready(server);
  } catch (error) {
    await stop(server, ended);
    throw error;
  }
  return () => stop(server, ended);
}

async function ready(server: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) {
      throw new Error(`The demo ended before it was ready. It said:\n${lastLines()}`);
    }
    const answer = await fetch(`${portal}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await pause(100);
  }
  throw new Error(`The demo was not ready within ${START_MS / 1000} s. It said:\n${lastLines()}`);
}

async function stop(server: ChildProcess, ended: Promise<void>): Promise<void> {
  server.kill('SIGINT');
  const stopped = await Promise.race([ended.then(() => true), pause(STOP_MS, false, { ref: false })]);
  if (!stopped) {
    server.kill('SIGKILL');
    await ended;
  }
  rmSync(pidFile, { force: true });
  if (!stopped) throw new Error(`The demo did not stop within ${STOP_MS / 1000} s.`);
}

// A run that was killed could not stop its demo.
async function stopLeftBehind(): Promise<void> {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  const isOurs = () => {
    try {
      return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '') === binary;
    } catch {
      return false;
    }
  };
  if (pid > 0 && isOurs()) {
    process.kill(pid, 'SIGINT');
    const deadline = Date.now() + STOP_MS;
    while (isOurs()) {
      if (Date.now() > deadline) throw new Error(`An earlier demo does not stop; end process ${pid}.`);
      await pause(100);
    }
  }
  rmSync(pidFile, { force: true });
}

function lastLines(): string {
  return readFileSync(serverLog, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
}
