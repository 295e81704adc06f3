package io.zygotes.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.testkit.FakeContext;
import io.zygotes.spi.testkit.FakePackages;
import io.zygotes.spi.testkit.FakeSandboxes;
import io.zygotes.spi.testkit.Trouble;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * A zygote that is gone is replaced once, by {@link Sandboxes#createLeafFrom} and {@link Sandboxes#createZygoteFrom}.
 */
final class ReplacementTest {

    private static final LeafSpec LEAF = FakeContext.leaf("hello", Set.of());
    private static final ZygoteSpec EMPTY = new ZygoteSpec(List.of(), FakeContext.LIMITS);

    private final FakePackages packages = FakePackages.wellKnown();
    private final FakeSandboxes pool = new FakeSandboxes(packages, 4096);
    /** The zygotes that the source gave, in order. */
    private final List<Zygote> given = new ArrayList<>();

    private Optional<Zygote> another() throws SandboxException, InterruptedException {
        given.add(pool.createZygote(Optional.empty(), EMPTY));
        return Optional.of(given.getLast());
    }

    private void forksFail(int times) {
        pool.trouble(new Trouble() {
            private int left = times;

            @Override
            public void beforeLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException {
                fail(parent);
            }

            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException {
                if (parent.isPresent()) {
                    fail(parent);
                }
            }

            private void fail(Optional<Zygote> parent) throws SandboxException {
                if (left-- > 0) {
                    throw new SandboxException.ZygoteGone(parent + " does not answer");
                }
            }
        });
    }

    @Test
    void aZygoteThatForksIsAskedForOnce() throws Exception {
        assertTrue(pool.createLeafFrom(this::another, LEAF).alive());

        assertEquals(1, given.size());
        assertTrue(given.getFirst().alive());
    }

    @Test
    void aZygoteThatIsGoneIsDestroyedAndTheNextOneForks() throws Exception {
        forksFail(1);

        assertTrue(pool.createLeafFrom(this::another, LEAF).alive());

        assertEquals(2, given.size());
        assertFalse(given.getFirst().alive());
        assertTrue(given.getLast().alive());
    }

    @Test
    void aSecondZygoteThatIsGoneIsDestroyedTooAndItsErrorReachesTheCaller() {
        forksFail(2);

        SandboxException.ZygoteGone error =
                assertThrows(SandboxException.ZygoteGone.class, () -> pool.createLeafFrom(this::another, LEAF));

        assertTrue(error.getMessage().contains(given.get(1).id()), error.getMessage());
        assertEquals(2, given.size());
        assertEquals(List.of(), pool.zygotes());
    }

    @Test
    void theParentOfAZygoteIsReplacedLikewise() throws Exception {
        forksFail(1);

        Zygote zygote = pool.createZygoteFrom(this::another, parent -> {
            assertSame(given.getLast(), parent.orElseThrow(), "what it must be is asked for each parent");
            return EMPTY;
        });

        assertTrue(zygote.alive());
        assertEquals(List.of(false, true), given.stream().map(Zygote::alive).toList());
    }

    @Test
    void aFreshSandboxIsNotTriedAgain() {
        List<Integer> asked = new ArrayList<>();
        forksFail(1);

        assertThrows(
                SandboxException.ZygoteGone.class,
                () -> pool.createLeafFrom(
                        () -> {
                            asked.add(asked.size());
                            return Optional.empty();
                        },
                        LEAF));

        assertEquals(List.of(0), asked);
    }

    @Test
    void whatTheSourceThrowsIsPassedOn() {
        for (Exception error : List.of(
                new SandboxException.NoCapacity("full"),
                new PackageException(PackageId.parse("six==1.17.0"), "no such package"),
                new InterruptedException("told to stop"),
                new IOException("the cache's own"))) {
            assertSame(error, assertThrows(Exception.class, () -> pool.createLeafFrom(throwing(error), LEAF)));
        }
        assertEquals(List.of(), pool.made());
    }

    /** A source of one kind of error for the compiler, whatever it throws. */
    private static ZygoteSource<Exception> throwing(Exception error) {
        return () -> {
            throw error;
        };
    }

    @Test
    void aZygoteThatTheSourceFindsGoneIsNotTakenForTheLeafsOwn() {
        SandboxException.ZygoteGone above = new SandboxException.ZygoteGone("the zygote above is gone");
        List<Integer> asked = new ArrayList<>();

        assertSame(
                above,
                assertThrows(
                        SandboxException.ZygoteGone.class,
                        () -> pool.createLeafFrom(
                                () -> {
                                    asked.add(asked.size());
                                    throw above;
                                },
                                LEAF)));

        assertEquals(List.of(0), asked);
    }

    @Test
    void anyOtherErrorOfTheLeafIsPassedOnAndItsZygoteLives() {
        SandboxException full = new SandboxException.NoCapacity("full");
        pool.trouble(new Trouble() {
            @Override
            public void beforeLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException {
                throw full;
            }
        });

        assertSame(full, assertThrows(SandboxException.class, () -> pool.createLeafFrom(this::another, LEAF)));

        assertEquals(given, pool.zygotes());
    }
}
