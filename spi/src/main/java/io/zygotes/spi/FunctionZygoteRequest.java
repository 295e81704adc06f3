package io.zygotes.spi;

/**
 * A function that is to have a zygote of its own, on its way through an import cache. Any thread may use it, until the
 * {@link ImportCache#createFunctionZygote} that it was given to returns.
 *
 * @since 1.2
 */
@Stability(Stability.Level.STABLE)
public interface FunctionZygoteRequest {

    /** What the zygote must be. The same at each call. */
    FunctionZygoteSpec spec();

    /**
     * The pool on behalf of the function: no call waits for what is made here, so it waits behind those for which one
     * does. Other zygotes that are made here are the cache's; the function's own is the worker's.
     */
    Sandboxes sandboxes();
}
