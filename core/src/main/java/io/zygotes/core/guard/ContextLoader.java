package io.zygotes.core.guard;

/**
 * Gives a thread the class loader of the plugin that it calls. Many libraries look for their drivers, services and
 * resources with {@link Thread#getContextClassLoader}, and would find the worker's own otherwise. Threads that a plugin
 * starts during a call inherit it.
 */
public final class ContextLoader {

    private ContextLoader() {}

    /**
     * Something that is done with another context class loader.
     *
     * @param <T> its result
     * @param <X> what it throws
     */
    @FunctionalInterface
    public interface Call<T, X extends Exception> {

        /** Does it. */
        T call() throws X;
    }

    /**
     * Calls with a class loader as the thread's context, and puts back the one before.
     *
     * @param <T> the result
     * @param <X> what the call throws
     * @param loader the plugin's
     * @param call what to do
     * @throws X as the call
     */
    public static <T, X extends Exception> T with(ClassLoader loader, Call<T, X> call) throws X {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(loader);
        try {
            return call.call();
        } finally {
            thread.setContextClassLoader(before);
        }
    }
}
