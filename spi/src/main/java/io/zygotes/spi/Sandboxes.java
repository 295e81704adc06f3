package io.zygotes.spi;

import java.util.Optional;
import java.util.function.Function;

/**
 * Makes sandboxes. This is the worker's pool as an import cache sees it: every sandbox counts against
 * {@code mem_pool_mb}, and the safety rule is checked here once more.
 *
 * <p>All methods block until the sandbox is there, may evict idle sandboxes to make room, and are safe for use by
 * many threads.
 */
@Stability(Stability.Level.STABLE)
public interface Sandboxes {

    /**
     * The most that a zygote can weigh.
     *
     * @since 1.2
     */
    double MOST_WEIGHT = 1000;

    /**
     * Makes a leaf.
     *
     * @param parent the zygote to fork it from; empty for a fresh Python process
     * @param spec what it must be
     * @return the leaf; {@code f.py} may still be importing ({@link Leaf#awaitReady}). For a {@link LeafRequest} that
     *     was waiting for memory it may be another leaf of the same lambda that became free
     * @throws IllegalArgumentException if the parent has a package that the lambda did not ask for, or is not a
     *     zygote of this pool
     * @throws SandboxException.NoCapacity if there is no memory for it
     * @throws SandboxException.ZygoteGone if the parent cannot fork any more
     * @throws SandboxException if it cannot be made
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    Leaf createLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException, InterruptedException;

    /**
     * Makes a zygote and lets it import its packages.
     *
     * @param parent the zygote to fork it from; empty for a fresh Python process
     * @param spec what it must be
     * @throws IllegalArgumentException if the parent has a package that {@code spec} does not have, or is not a
     *     zygote of this pool
     * @throws SandboxException.NoCapacity if there is no memory for it
     * @throws SandboxException.ZygoteGone if the parent cannot fork any more
     * @throws SandboxException.ImportFailed if a package cannot be imported
     * @throws SandboxException.TimedOut if the import takes longer than the limit
     * @throws SandboxException if it cannot be made
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    Zygote createZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException, InterruptedException;

    /**
     * Makes a zygote if there is free memory for it: nothing is evicted for it, nobody who waits for memory goes behind
     * it, and it waits for nothing. Otherwise as {@link #createZygote}. For a zygote that would be good to have: one
     * that was evicted a moment ago, or one for requests that may come.
     *
     * <p>A {@code Sandboxes} that knows nothing of this tries {@link #createZygote}.
     *
     * @param parent as in {@link #createZygote}
     * @param spec as in {@link #createZygote}
     * @return the zygote; empty if there is no free memory
     * @throws SandboxException as {@link #createZygote}
     * @throws InterruptedException if the calling thread is interrupted
     * @since 1.2
     */
    default Optional<Zygote> createZygoteIfFree(Optional<Zygote> parent, ZygoteSpec spec)
            throws SandboxException, InterruptedException {
        try {
            return Optional.of(createZygote(parent, spec));
        } catch (SandboxException.NoCapacity _) {
            return Optional.empty();
        }
    }

    /**
     * Makes the zygote of a function itself: it imports {@code f.py}, in the isolation of a leaf of that function.
     *
     * <p>A {@code Sandboxes} that knows nothing of this makes none.
     *
     * @param parent the zygote of packages to fork it from; empty for a fresh Python process
     * @param spec what it must be
     * @return the zygote, whose {@link Zygote#function} says what may be forked from it
     * @throws IllegalArgumentException if the parent has a package that the function did not ask for, is not a zygote
     *     of this pool, or is one of a function
     * @throws SandboxException.CannotFork if the function's code left what a fork does not carry over
     * @throws SandboxException.NoCapacity if there is no memory for it
     * @throws SandboxException.ZygoteGone if the parent cannot fork any more
     * @throws SandboxException.ImportFailed if the function's code fails: its import, its call with the event, or what
     *     it registered to be run before the first fork
     * @throws SandboxException.TimedOut if one of these takes longer than a call may
     * @throws SandboxException if it cannot be made
     * @throws InterruptedException if the calling thread is interrupted while it waits
     * @since 1.2
     */
    default Zygote createFunctionZygote(Optional<Zygote> parent, FunctionZygoteSpec spec)
            throws SandboxException, InterruptedException {
        throw new SandboxException("no zygotes of functions are made here");
    }

    /**
     * Makes the zygote of a function, and replaces its parent once if that is gone. Otherwise as
     * {@link #createLeafFrom}.
     *
     * @param <X> what else the source throws
     * @param source gives the zygote to fork from
     * @param spec as in {@link #createFunctionZygote}
     * @return as {@link #createFunctionZygote}
     * @throws SandboxException.ZygoteGone if the second parent is gone, too; it is destroyed
     * @throws SandboxException as {@link #createFunctionZygote}, and what the source throws
     * @throws PackageException what the source throws
     * @throws X what the source throws
     * @throws InterruptedException if the calling thread is interrupted while it waits
     * @since 1.2
     */
    default <X extends Exception> Zygote createFunctionZygoteFrom(ZygoteSource<X> source, FunctionZygoteSpec spec)
            throws SandboxException, PackageException, X, InterruptedException {
        return Replacement.once(source, parent -> createFunctionZygote(parent, spec));
    }

    /**
     * States how much more than others an idle zygote is to stay when memory is short. The worker evicts what is worth
     * the least: what it takes to make it again, times its uses, for each byte that it holds; the weight multiplies
     * that. What a request in line is going to be forked from goes last, whatever its weight.
     *
     * <p>A {@code Sandboxes} that knows nothing of this does nothing.
     *
     * @param zygote a zygote of this pool
     * @param weight 1 for as much as others, which holds until another is stated; 0 for one that may go first; at most
     *     {@link #MOST_WEIGHT}
     * @throws IllegalArgumentException if the weight is out of range, or the zygote is not of this pool
     * @since 1.2
     */
    default void weigh(Zygote zygote, double weight) {}

    /**
     * Keeps an idle zygote from being evicted, whatever it is worth, until {@link #unpin}, until it ends, or until the
     * cache is closed. All pinned zygotes together may hold a third of {@code mem_pool_mb}. One goes all the same,
     * after all else that is idle, for a sandbox that could not be made beside the pinned ones if there was nothing
     * else.
     *
     * <p>A {@code Sandboxes} that knows nothing of this pins nothing.
     *
     * @param zygote a zygote of this pool
     * @return whether it is pinned now; false if it has ended, or the pinned ones would hold too much
     * @throws IllegalArgumentException if the zygote is not of this pool
     * @since 1.2
     */
    default boolean pin(Zygote zygote) {
        return false;
    }

    /**
     * Ends {@link #pin}: the zygote is evicted in its turn again. Does nothing for one that is not pinned.
     *
     * @param zygote a zygote of this pool
     * @throws IllegalArgumentException if the zygote is not of this pool
     * @since 1.2
     */
    default void unpin(Zygote zygote) {}

    /**
     * Lets a leaf rest that a cache made ahead of any request, with {@link ImportCacheContext#sandboxes}: it is idle
     * from now on, like one between two calls. It is frozen, gives back memory that it does not use, and may be evicted
     * when memory is short, which the cache hears as an event. A later {@link ImportCache#createLeaf(LeafRequest)} may
     * return it: the worker takes it into use again, or asks the cache once more if it is gone.
     *
     * <p>A frozen leaf does not go on importing its code: {@link Leaf#awaitReady} comes first. A {@code Sandboxes} that
     * knows nothing of this does nothing, and the leaf keeps all of its memory until it is returned or destroyed.
     *
     * @param leaf a leaf of this pool that no {@code createLeaf} of a cache has returned
     * @throws IllegalArgumentException if it is not
     * @since 1.2
     */
    default void rest(Leaf leaf) {}

    /**
     * Makes a leaf, and replaces its zygote once if that is gone: what a cache promises in
     * {@link ImportCache#createLeaf}. The zygote that is gone is destroyed, and the source is asked for another one.
     * What the source itself throws is passed on as it is, a {@link SandboxException.ZygoteGone} too: that is about
     * another zygote than this leaf's.
     *
     * @param <X> what else the source throws
     * @param source gives the zygote to fork from
     * @param spec what the leaf must be
     * @return as {@link #createLeaf}
     * @throws SandboxException.ZygoteGone if the second zygote is gone, too; it is destroyed. If it was evicted, its
     *     kind is {@link FailureKind#NO_MEMORY}, and the leaf should be forked from another zygote that lives, or be
     *     fresh
     * @throws SandboxException as {@link #createLeaf}, and what the source throws
     * @throws PackageException what the source throws
     * @throws X what the source throws
     * @throws InterruptedException if the calling thread is interrupted while it waits
     * @since 1.2
     */
    default <X extends Exception> Leaf createLeafFrom(ZygoteSource<X> source, LeafSpec spec)
            throws SandboxException, PackageException, X, InterruptedException {
        return Replacement.once(source, parent -> createLeaf(parent, spec));
    }

    /**
     * Makes a zygote, and replaces its parent once if that is gone. Otherwise as {@link #createLeafFrom}.
     *
     * @param <X> what else the source throws
     * @param source gives the zygote to fork from
     * @param spec what the new zygote must be, by the parent that it is forked from
     * @return as {@link #createZygote}
     * @throws SandboxException.ZygoteGone if the second parent is gone, too; it is destroyed
     * @throws SandboxException as {@link #createZygote}, and what the source throws
     * @throws PackageException what the source throws
     * @throws X what the source throws
     * @throws InterruptedException if the calling thread is interrupted while it waits
     * @since 1.2
     */
    default <X extends Exception> Zygote createZygoteFrom(
            ZygoteSource<X> source, Function<Optional<Zygote>, ZygoteSpec> spec)
            throws SandboxException, PackageException, X, InterruptedException {
        return Replacement.once(source, parent -> createZygote(parent, spec.apply(parent)));
    }
}
