package io.zygotes.sandbox.sock.linux;

/**
 * Two connected sockets.
 *
 * @param ours the end that stays here
 * @param theirs the end that another process gets
 */
public record SocketPair(Descriptor ours, Descriptor theirs) implements AutoCloseable {

    /** Closes both ends. */
    @Override
    public void close() {
        ours.close();
        theirs.close();
    }
}
