package io.zygotes.sandbox.sock.resource;

/** What becomes of what is printed into one pipe. Called by the thread of the {@link OutputPump} alone. */
sealed interface Source permits LineSplitter, Tail {

    /** Some bytes came. */
    void take(byte[] bytes);

    /** Whether something came that is not handed on yet. Any thread may ask. */
    default boolean hasPart() {
        return false;
    }

    /** Nothing will come for a while: what came is handed on. */
    default void pause() {}

    /** Tells whether whoever prints is said to have nothing more to say. Any thread may. */
    default void rest(boolean on) {}

    /** What was told so last. Any thread may ask. */
    default boolean rests() {
        return false;
    }

    /** Nothing will come any more. */
    void end();
}
