package io.zygotes.sandbox.sock.resource;

/** What becomes of what is printed into one pipe. Called by the thread of the {@link OutputPump} alone. */
sealed interface Source permits LineSplitter, Tail {

    /** Some bytes came. */
    void take(byte[] bytes);

    /** Nothing will come any more. */
    void end();
}
