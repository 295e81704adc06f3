package com.example.zygotes.recent;

import io.zygotes.spi.CacheShape;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.Limits;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Packages;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * Keeps a zygote for each set of packages that lambdas asked for of late. A leaf is forked from the zygote with exactly
 * its lambda's packages, so it has nothing to import but {@code f.py}, and the safety rule holds by itself.
 */
final class RecentCache implements ImportCache {

    private static final Logger LOG = System.getLogger(RecentCache.class.getName());
    /** A set that cannot be imported is left alone for this long; its lambdas get fresh leaves meanwhile. */
    private static final Duration REST = Duration.ofSeconds(10);

    private final RecentOptions options;
    private final Packages packages;
    private final Limits limits;
    private final LongSupplier nanoTime;
    private final ScheduledExecutorService sweeper = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("recent-sweeper").daemon().factory());

    /** The least recently used one first. Guarded by itself; held for moments only, never while a sandbox is made. */
    private final Map<Set<PackageId>, Place> places = new LinkedHashMap<>(16, 0.75f, true);

    private final LongAdder made = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder aged = new LongAdder();
    private final LongAdder crowdedOut = new LongAdder();
    private final LongAdder lost = new LongAdder();
    private final LongAdder fromZygote = new LongAdder();
    private final LongAdder fresh = new LongAdder();

    RecentCache(RecentOptions options, ImportCacheContext context, LongSupplier nanoTime) {
        this.options = options;
        this.packages = context.packages();
        this.limits = context.zygoteLimits();
        this.nanoTime = nanoTime;
        // A worker without requests is to give its memory back, too.
        long period = Math.max(500, options.maxAge().toMillis() / 4);
        sweeper.scheduleWithFixedDelay(this::sweep, period, period, TimeUnit.MILLISECONDS);
    }

    @Override
    public Leaf createLeaf(LeafRequest request) throws SandboxException, PackageException, InterruptedException {
        Place place = enter(request.spec().packages());
        try {
            // A zygote that died since we looked, or cannot fork any more, is replaced once.
            Leaf leaf = request.sandboxes().createLeafFrom(() -> zygote(place, request), request.spec());
            (place.live().isPresent() ? fromZygote : fresh).increment();
            return leaf;
        } finally {
            leave(place);
            sweep();
        }
    }

    /** The place's zygote, made if need be; empty if it cannot be made at present. */
    private Optional<Zygote> zygote(Place place, LeafRequest request)
            throws SandboxException, PackageException, InterruptedException {
        Optional<Zygote> live = place.live();
        if (live.isPresent()) {
            return live;
        }
        // Not lock(): whoever waits here must hear an interrupt.
        place.making.lockInterruptibly();
        try {
            Optional<Zygote> madeMeanwhile = place.live();
            if (madeMeanwhile.isPresent() || place.resting(nanoTime.getAsLong())) {
                return madeMeanwhile;
            }
            return make(place, request);
        } finally {
            place.making.unlock();
        }
    }

    private Optional<Zygote> make(Place place, LeafRequest request)
            throws SandboxException, PackageException, InterruptedException {
        ZygoteSpec spec = new ZygoteSpec(importOrder(place.packages), limits);
        try {
            Zygote zygote = request.sandboxes().createZygote(Optional.empty(), spec);
            place.made(zygote);
            made.increment();
            return Optional.of(zygote);
        } catch (SandboxException e) {
            if (request.needsLeaf()) {
                // The lambda may well work without: not every lambda imports all that it pins.
                place.failed(nanoTime.getAsLong() + REST.toNanos());
                failed.increment();
                LOG.log(
                        Level.WARNING,
                        "no zygote with " + place.packages + " for the next " + REST.toSeconds() + " s: "
                                + e.getMessage());
            }
            return Optional.empty();
        }
    }

    private List<PackageId> importOrder(Set<PackageId> pins) throws PackageException, InterruptedException {
        Set<PackageId> order = new LinkedHashSet<>();
        for (PackageId id : new TreeSet<>(pins)) {
            for (PackageInfo info : packages.closure(id, pins)) {
                order.add(info.id());
            }
        }
        return List.copyOf(order);
    }

    private Place enter(Set<PackageId> set) {
        synchronized (places) {
            Place place = places.computeIfAbsent(set, Place::new);
            place.users++;
            place.hits++;
            place.lastUsedNanos = nanoTime.getAsLong();
            return place;
        }
    }

    private void leave(Place place) {
        synchronized (places) {
            place.users--;
            place.lastUsedNanos = nanoTime.getAsLong();
        }
    }

    /**
     * Gives up what is too old or too much. A place in use stays, so nobody's zygote is taken away under their hands.
     */
    void sweep() {
        List<Place> gone = new ArrayList<>();
        synchronized (places) {
            long now = nanoTime.getAsLong();
            for (Iterator<Place> all = places.values().iterator(); all.hasNext(); ) {
                Place place = all.next();
                boolean old = now - place.lastUsedNanos > options.maxAge().toNanos();
                if (place.users == 0 && (old || places.size() > options.maxZygotes())) {
                    (old ? aged : crowdedOut).increment();
                    all.remove();
                    gone.add(place);
                }
            }
        }
        // Outside the lock: this kills processes.
        gone.forEach(Place::destroy);
    }

    @Override
    public void onEvent(SandboxEvent event) {
        boolean taken = event.kind() == SandboxEvent.Kind.EVICTED || event.kind() == SandboxEvent.Kind.DIED;
        if (taken && event.sandbox() instanceof Zygote) {
            // Its place notices by itself, with Zygote.alive().
            lost.increment();
        }
    }

    @Override
    public Map<String, Number> statistics() {
        Map<String, Number> numbers = new HashMap<>();
        synchronized (places) {
            numbers.put("sets", places.size());
            numbers.put(
                    "zygotes_live",
                    places.values().stream()
                            .filter(place -> place.live().isPresent())
                            .count());
        }
        numbers.put("zygotes_made", made.sum());
        numbers.put("zygotes_failed", failed.sum());
        numbers.put("zygotes_lost", lost.sum());
        numbers.put("sets_aged", aged.sum());
        numbers.put("sets_crowded_out", crowdedOut.sum());
        numbers.put("leaves_from_zygotes", fromZygote.sum());
        numbers.put("leaves_fresh", fresh.sum());
        return Map.copyOf(numbers);
    }

    @Override
    public CacheShape shape() {
        synchronized (places) {
            return new CacheShape(
                    places.values().stream().map(RecentCache::node).toList());
        }
    }

    private static CacheShape.Node node(Place place) {
        return new CacheShape.Node(
                place.packages.stream().sorted().map(PackageId::toString).toList(),
                place.live().map(zygote -> new CacheShape.Live(zygote.id(), zygote.packages())).stream()
                        .toList(),
                place.hits,
                List.of());
    }

    @Override
    public void close() {
        sweeper.shutdownNow();
        List<Place> all;
        synchronized (places) {
            all = List.copyOf(places.values());
            places.clear();
        }
        all.forEach(Place::destroy);
    }
}
