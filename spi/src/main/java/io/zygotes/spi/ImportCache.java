package io.zygotes.spi;

import java.util.Map;
import java.util.Optional;

/**
 * A strategy: gives every leaf its parent zygote. Made by an {@link ImportCacheProvider}; found by its name.
 *
 * <p>Life: the provider makes it when the worker starts (or is told to switch); {@link #createLeaf} is called by many
 * threads at once, one for each request that needs a new leaf; {@link #onEvent} is called now and then;
 * {@link #close} is called once, at the end.
 *
 * <p>The rule that is never broken: a leaf is forked only from a zygote all of whose packages, with their versions,
 * the lambda asked for. {@link Sandboxes} refuses anything else.
 */
@Stability(Stability.Level.STABLE)
public interface ImportCache extends AutoCloseable {

    /**
     * Makes a leaf, from a zygote or fresh. May block while zygotes are made or packages installed.
     *
     * <p>A cache that finds its zygote gone replaces it once ({@link Sandboxes#createLeafFrom} does that); an error
     * after that reaches the caller, but for one that says that the zygote was evicted ({@link FailureKind#NO_MEMORY}):
     * then the worker makes a fresh leaf. The leaf belongs to the caller from then on.
     *
     * <p>A zygote for which there is no memory is no reason to fail: the cache forks the leaf from another one, or
     * makes it fresh. That is also right if a leaf became free for the request meanwhile
     * ({@link LeafRequest#needsLeaf}), because {@link Sandboxes#createLeaf} then returns that one, whatever its parent
     * was to be.
     *
     * @param request what the leaf must be, and the pool to make it with
     * @return the leaf that {@link LeafRequest#sandboxes} made; never one that was returned before
     * @throws SandboxException if no leaf can be made
     * @throws PackageException if a package cannot be installed
     * @throws InterruptedException if the calling thread is interrupted while it waits
     * @since 1.2
     */
    @SuppressWarnings("deprecation") // it is the way of plugins that were made for 1.1
    default Leaf createLeaf(LeafRequest request) throws SandboxException, PackageException, InterruptedException {
        return createLeaf(request.spec());
    }

    /**
     * Makes a leaf, from a zygote or fresh, with {@link ImportCacheContext#sandboxes}: what the worker calls where a
     * cache does not have {@link #createLeaf(LeafRequest)}. The waiting for memory then knows nothing of the request.
     *
     * @throws SandboxException if no leaf can be made
     * @throws PackageException if a package cannot be installed
     * @throws InterruptedException if the calling thread is interrupted while it waits
     * @deprecated since 1.2 {@link #createLeaf(LeafRequest)} takes its place
     */
    @Deprecated(since = "1.2")
    default Leaf createLeaf(LeafSpec spec) throws SandboxException, PackageException, InterruptedException {
        throw new SandboxException(
                getClass().getName() + " does not make leaves, which is a fault in it: it has neither"
                        + " createLeaf(LeafRequest) nor createLeaf(LeafSpec)");
    }

    /**
     * Makes the zygote of a function itself, for a function that asks for one ({@code zygote: true} in its
     * {@code ol.yaml}): called behind the back of the requests, by several threads at once. A cache decides from which
     * of its zygotes that one is forked, or makes none; then leaves of the function come from
     * {@link #createLeaf(LeafRequest)} as those of any other.
     *
     * <p>Here a fresh process imports all that the function needs, which is right for a cache that knows nothing of it.
     * The zygote is the worker's: it evicts it when memory is short, and destroys it when the function changes. The
     * cache hears of it by {@link #onEvent}, as of all that it makes.
     *
     * @param request the function, and the pool to make it with
     * @return what {@link Sandboxes#createFunctionZygote} of the request made; empty if there is to be none
     * @throws SandboxException as {@link Sandboxes#createFunctionZygote}
     * @throws PackageException if a package cannot be installed
     * @throws InterruptedException if the calling thread is interrupted while it waits
     * @since 1.2
     */
    default Optional<Zygote> createFunctionZygote(FunctionZygoteRequest request)
            throws SandboxException, PackageException, InterruptedException {
        return Optional.of(request.sandboxes().createFunctionZygote(Optional.empty(), request.spec()));
    }

    /**
     * Makes a leaf of a function that has a zygote of its own. Here it is forked from that one. A cache that thinks
     * otherwise may take any other way, {@link #createLeaf(LeafRequest)} for example.
     *
     * @param request what the leaf must be, and the pool to make it with
     * @param function the zygote of this version of the function; it may be gone by now
     * @return as {@link #createLeaf(LeafRequest)}
     * @throws SandboxException.ZygoteGone if the zygote is gone; the worker then goes on with
     *     {@link #createLeaf(LeafRequest)}
     * @throws SandboxException if no leaf can be made
     * @throws PackageException if a package cannot be installed
     * @throws InterruptedException if the calling thread is interrupted while it waits
     * @since 1.2
     */
    default Leaf createLeaf(LeafRequest request, Zygote function)
            throws SandboxException, PackageException, InterruptedException {
        return request.sandboxes().createLeaf(Optional.of(function), request.spec());
    }

    /**
     * Tells what happened to one of this cache's zygotes or leaves. Called by the thread on which it happened: must
     * not block and must not throw.
     */
    default void onEvent(SandboxEvent event) {}

    /**
     * Numbers for {@code /stats}, by name; names hold lower-case letters, digits, {@code -}, {@code _}, {@code .}.
     * Called now and then; must not block.
     */
    default Map<String, Number> statistics() {
        return Map.of();
    }

    /** The present shape, for people: {@code tree show} and pages. Must not block. */
    default CacheShape shape() {
        return CacheShape.EMPTY;
    }

    /**
     * Ends the cache: lets go of its threads and files, and destroys the zygotes that it made. Leaves are not its to
     * destroy. Called once, by one thread.
     *
     * <p>A cache that another one replaces is closed when none of its {@code createLeaf} is under way any more. A
     * worker that stops lets its requests end first, but not without limit: after some seconds it closes the cache
     * although a {@code createLeaf} may be under way. What that one still makes is destroyed with the worker's other
     * sandboxes.
     *
     * <p>It should not throw. Whatever it throws is logged, and the worker goes on as if
     * the cache had been closed. Zygotes that are left behind are evicted when memory is short, and destroyed when the
     * worker ends.
     */
    @Override
    void close();
}
