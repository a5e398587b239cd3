/**
 * One connection to the system bus, and one end of it. The only file that knows dbus-next. Plain messages instead of its proxy
 * objects, which lose signals after a restart of the peer (#96) and never drop a match rule (#110).
 */
import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import dbus from 'dbus-next';
import type { UpdateError } from '../../core/errors.ts';
import { refusal, unavailable } from './bus-errors.ts';

export interface BusCall {
  destination: string;
  path: string;
  interface: string;
  member: string;
  signature: string;
  body: unknown[];
}

export interface BusSignal {
  sender: string;
  path: string;
  member: string;
  body: unknown;
}

export interface Bus {
  /** The body of the answer. Throws what `refusal` makes of an answer that is an error. Stays open when none comes. */
  call: (call: BusCall) => Promise<unknown[]>;
  /** Lets go of the socket, whatever the other side does. */
  close: () => void;
}

export interface BusEvents {
  onSignal: (signal: BusSignal) => void;
  /**
   * The connection is unusable: no listener, closed or refused by the other side, or an invalid message.
   * May be called more than once. SYSTEMD_UNAVAILABLE, always.
   */
  onEnd: (error: UpdateError) => void;
}

/** Serial of the first call of a connection, which the library makes by itself: Hello. */
const HELLO = 1;

/** Connects at once; calls wait until the bus has let us in. Throws SYSTEMD_UNAVAILABLE for an address that means nothing. */
export function openBus({ onSignal, onEnd }: BusEvents): Bus {
  const bus = systemBus();
  const end = (error: UpdateError): void => {
    onEnd(error);
    close();
  };
  const socket = watched(bus, end);
  const close = (): void => {
    bus.disconnect();
    // Its end alone leaves the socket, and with it this process, to a peer that never closes.
    socket?.destroySoon();
  };
  bus.on('error', (error: unknown) => {
    end(unavailable('the system bus cannot be reached', error));
  });
  bus.on('message', (message) => {
    if (message.type === dbus.MessageType.SIGNAL) {
      onSignal(message);
    } else if (message.type === dbus.MessageType.ERROR && Number(message.replySerial) === HELLO) {
      // HACK: the library throws what refuses Hello (too many connections of one user) where no one can catch it. An answer to no call is dropped.
      message.replySerial = '';
      end(unavailable(`the system bus refused the connection: ${String(message.body[0] ?? message.errorName)}`));
    }
  });
  return {
    call: async (call) => {
      try {
        const reply = await bus.call(new dbus.Message(call));
        const answer: unknown[] = reply?.body ?? [];
        return answer;
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        throw refusal(call.member, error instanceof dbus.DBusError ? error.type : '', text, error);
      }
    },
    close,
  };
}

/** A value that says its own type on the bus. */
export function variant(signature: string, value: unknown): unknown {
  return new dbus.Variant(signature, value);
}

/** The error of a call to something that is not there, such as a job that has ended. */
export function isUnknownObject(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof dbus.DBusError && cause.type === 'org.freedesktop.DBus.Error.UnknownObject';
}

function systemBus(): dbus.MessageBus {
  try {
    return dbus.systemBus();
  } catch (error) {
    throw unavailable('the system bus cannot be reached', error);
  }
}

/**
 * HACK: the library says nothing when the daemon closes the connection, and what its parser throws at bytes that are no message it
 * throws into the event loop. Only its inner connection and socket know.
 */
function watched(bus: dbus.MessageBus, onEnd: (error: UpdateError) => void): Socket | null {
  const connection: unknown = Reflect.get(bus, '_connection');
  if (!(connection instanceof EventEmitter)) return null;
  connection.on('end', () => {
    onEnd(unavailable('the system bus closed the connection'));
  });
  const socket: unknown = Reflect.get(connection, 'stream');
  if (!(socket instanceof Socket)) return null;
  const emit = socket.emit.bind(socket);
  socket.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    try {
      return Boolean(Reflect.apply(emit, socket, [event, ...args]));
    } catch (error) {
      onEnd(unavailable('the system bus sent an invalid message', error));
      return true;
    }
  };
  return socket;
}
