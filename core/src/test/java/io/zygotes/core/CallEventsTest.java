package io.zygotes.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.function.Answer;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.registry.LambdaCode;
import io.zygotes.core.statistics.StatisticNames;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.spi.CallEvent;
import io.zygotes.spi.CallObserver;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A cache hears of calls if it wants to, and no request waits for that. */
@Timeout(60)
class CallEventsTest {

    private static final LambdaCode HELLO = new LambdaCode(
            "v1",
            1,
            new LeafSpec(
                    "hello",
                    Path.of("/code"),
                    Set.of(),
                    new Limits(256, 32, 100, 0, 30, 256, 64),
                    Network.HOST,
                    Map.of()));

    private final SandboxPool pool = new SandboxPool(1L << 30, true, Duration.ofHours(1), Duration.ofSeconds(10), 0);
    private final Statistics statistics = new Statistics();
    private final BlockingQueue<CallEvent> heard = new LinkedBlockingQueue<>();
    private final CountDownLatch goOn = new CountDownLatch(1);
    private CurrentCache current;
    private CallEvents events;

    private final class Observing implements ImportCache, CallObserver {
        @Override
        public void onCall(CallEvent event) {
            assertNotEquals("main", Thread.currentThread().getName());
            heard.add(event);
            if (event.spec().lambda().equals("slow")) {
                try {
                    goOn.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            throw new IllegalStateException("a fault of the plugin");
        }

        @Override
        public void close() {}
    }

    private void start(ImportCache cache) throws Exception {
        current = new CurrentCache(pool, sandboxes -> cache);
        events = new CallEvents(current, statistics);
    }

    @AfterEach
    void close() {
        goOn.countDown();
        events.close();
        current.close();
        pool.close();
    }

    private static LambdaCode named(String lambda) {
        LeafSpec spec = HELLO.spec();
        return new LambdaCode(
                "v1",
                1,
                new LeafSpec(
                        lambda, spec.handler(), spec.packages(), spec.limits(), spec.network(), spec.environment()));
    }

    @Test
    void aCacheThatWantsToHearsOfEachCallThoughItFailsEachTime() throws Exception {
        start(new Observing());

        events.answered(HELLO, Answer.Start.HIT, 5_000_000);
        events.answered(HELLO, Answer.Start.WARM, 1_000_000);

        CallEvent first = heard.poll(20, TimeUnit.SECONDS);
        assertEquals(HELLO.spec(), first.spec());
        assertEquals(CallEvent.Start.HIT, first.start());
        assertEquals(Duration.ofMillis(5), first.took());
        assertEquals(CallEvent.Start.WARM, heard.poll(20, TimeUnit.SECONDS).start());
    }

    @Test
    void requestsDoNotWaitForASlowCacheAndWhatItMissesIsCounted() throws Exception {
        start(new Observing());
        events.answered(named("slow"), Answer.Start.WARM, 1);
        assertEquals("slow", heard.poll(20, TimeUnit.SECONDS).spec().lambda());

        for (int i = 0; i < 10_003; i++) {
            events.answered(HELLO, Answer.Start.WARM, 1);
        }

        assertEquals(3L, statistics.counter(StatisticNames.CALL_EVENTS_LOST).sum());
        goOn.countDown();
        for (int i = 0; i < 10_000; i++) {
            assertTrue(heard.poll(20, TimeUnit.SECONDS) != null, "call " + i);
        }
    }

    @Test
    void aCacheThatReplacesAnotherHearsOfTheCallsFromThenOnAndOneThatDoesNotWantToOfNone() throws Exception {
        start(new Observing());
        current.replace(sandboxes -> new NoCacheYet());

        events.answered(HELLO, Answer.Start.HIT, 1);
        current.replace(sandboxes -> new Observing());
        events.answered(named("later"), Answer.Start.HIT, 1);

        assertEquals("later", heard.poll(20, TimeUnit.SECONDS).spec().lambda());
        assertNull(heard.poll());
    }
}
