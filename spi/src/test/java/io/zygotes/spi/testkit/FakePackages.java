package io.zygotes.spi.testkit;

import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Packages;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Packages that exist in memory only. Costs are unknown until a {@link FakeSandboxes} zygote imports the package, as
 * in a real worker, or until {@link #measureAll}. Define everything first; safe for use by many threads afterwards.
 */
public final class FakePackages implements Packages {

    private final Map<PackageId, String> unfit = new ConcurrentHashMap<>();

    private final Map<PackageId, PackageInfo> known = new LinkedHashMap<>();
    private final Map<PackageId, ImportCost> costs = new LinkedHashMap<>();
    private final Set<PackageId> measured = ConcurrentHashMap.newKeySet();
    private final Map<String, List<PackageId>> versions = new LinkedHashMap<>();

    /** No packages. */
    public FakePackages() {}

    /** A few well-known packages, numpy and pandas in two versions. */
    public static FakePackages wellKnown() {
        return new FakePackages()
                .add("six==1.17.0", 2, 0.1)
                .add("pytz==2025.1", 8, 1)
                .add("python-dateutil==2.9.0", 12, 1, "six")
                .add("numpy==2.1.3", 90, 14)
                .add("numpy==2.2.3", 95, 15)
                .add("pandas==2.2.2", 180, 32, "numpy", "python-dateutil", "pytz")
                .add("pandas==2.2.3", 185, 33, "numpy", "python-dateutil", "pytz")
                .add("certifi==2025.1.31", 1, 0.1)
                .add("idna==3.10", 3, 0.3)
                .add("urllib3==2.3.0", 25, 3)
                .add("requests==2.32.3", 40, 5, "certifi", "idna", "urllib3")
                .add("markupsafe==3.0.2", 2, 0.1)
                .add("jinja2==3.1.5", 30, 4, "markupsafe")
                .add("flask==3.1.0", 60, 8, "jinja2");
    }

    /**
     * Packages named {@code p0}, {@code p1}, …, each in one to {@code mostVersions} versions, depending on packages
     * with smaller numbers.
     *
     * @param random where the shape comes from
     * @param names how many names; at least 1
     * @param mostVersions how many versions a name may have; at least 1
     */
    public static FakePackages random(Random random, int names, int mostVersions) {
        FakePackages packages = new FakePackages();
        for (int name = 0; name < names; name++) {
            int count = 1 + random.nextInt(mostVersions);
            for (int version = 0; version < count; version++) {
                Set<String> dependencies = new TreeSet<>();
                for (int i = random.nextInt(3); i > 0 && name > 0; i--) {
                    dependencies.add("p" + random.nextInt(name));
                }
                packages.add(
                        "p" + name + "==1." + version,
                        1 + random.nextInt(100),
                        random.nextInt(20),
                        dependencies.toArray(String[]::new));
            }
        }
        return packages;
    }

    /**
     * Defines a package.
     *
     * @param pinned {@code name==version}
     * @param millis what importing it costs, in milliseconds
     * @param megabytes what importing it costs, in MiB
     * @param dependencies names of the packages that it needs
     * @return this
     */
    public FakePackages add(String pinned, double millis, double megabytes, String... dependencies) {
        PackageId id = PackageId.parse(pinned);
        known.put(
                id,
                new PackageInfo(
                        id,
                        List.of(dependencies),
                        List.of(id.name().replace('-', '_')),
                        Path.of("packages", id.toString()),
                        Math.round(megabytes * 2 * (1 << 20))));
        costs.put(id, new ImportCost(millis, megabytes));
        versions.computeIfAbsent(id.name(), name -> new ArrayList<>()).add(id);
        return this;
    }

    /** The same packages, none of them measured. */
    public FakePackages unmeasured() {
        FakePackages copy = new FakePackages();
        copy.known.putAll(known);
        copy.costs.putAll(costs);
        versions.forEach((name, ids) -> copy.versions.put(name, new ArrayList<>(ids)));
        return copy;
    }

    /** Makes every cost known now. */
    public FakePackages measureAll() {
        measured.addAll(known.keySet());
        return this;
    }

    /** Says that a zygote imported it: its cost is known from now on. */
    void measured(PackageId id) {
        measured.add(id);
    }

    /** What importing it costs, whether measured or not; nothing for a package that does not exist. */
    ImportCost trueCost(PackageId id) {
        return costs.getOrDefault(id, new ImportCost(0, 0));
    }

    /**
     * The given packages and all that they need, as a lambda's {@code requirements.txt} would pin them; of a
     * dependency the newest version, unless one is given.
     *
     * @param pinned {@code name==version} each
     */
    public Set<PackageId> pins(String... pinned) {
        Map<String, PackageId> chosen = new LinkedHashMap<>();
        for (String pin : pinned) {
            PackageId id = PackageId.parse(pin);
            chosen.put(id.name(), id);
        }
        for (PackageId id : List.copyOf(chosen.values())) {
            pinDependencies(id, chosen, null);
        }
        return Set.copyOf(chosen.values());
    }

    /**
     * The pins of a lambda that asks for some packages at random.
     *
     * @param random where the choice comes from
     * @param most how many packages it asks for directly, at most; at least 0
     */
    public Set<PackageId> randomPins(Random random, int most) {
        List<String> names = List.copyOf(versions.keySet());
        Map<String, PackageId> chosen = new LinkedHashMap<>();
        for (int i = random.nextInt(most + 1); i > 0; i--) {
            String name = names.get(random.nextInt(names.size()));
            List<PackageId> candidates = versions.get(name);
            PackageId id = chosen.computeIfAbsent(name, n -> candidates.get(random.nextInt(candidates.size())));
            pinDependencies(id, chosen, random);
        }
        return new LinkedHashSet<>(chosen.values());
    }

    private void pinDependencies(PackageId id, Map<String, PackageId> chosen, Random random) {
        for (String dependency : Objects.requireNonNull(known.get(id), () -> "not defined: " + id)
                .dependencies()) {
            if (!chosen.containsKey(dependency)) {
                List<PackageId> candidates = versions.get(dependency);
                PackageId pick =
                        candidates.get(random == null ? candidates.size() - 1 : random.nextInt(candidates.size()));
                chosen.put(dependency, pick);
                pinDependencies(pick, chosen, random);
            }
        }
    }

    /** All names that are defined, in the order of their definition. */
    public List<String> names() {
        return List.copyOf(versions.keySet());
    }

    /** All versions of a name, in the order of their definition. */
    public List<PackageId> versions(String name) {
        return List.copyOf(versions.getOrDefault(name, List.of()));
    }

    @Override
    public PackageInfo install(PackageId id) throws PackageException {
        PackageInfo info = known.get(id);
        if (info == null) {
            throw new PackageException(id, "no package " + id + " in the fake index");
        }
        return info;
    }

    @Override
    public Optional<PackageInfo> installed(PackageId id) {
        return Optional.ofNullable(known.get(id));
    }

    @Override
    public List<PackageInfo> closure(PackageId id, Set<PackageId> pins) throws PackageException {
        if (!pins.contains(id)) {
            throw new IllegalArgumentException(id + " is not one of the pins " + pins);
        }
        Map<String, PackageId> byName = new LinkedHashMap<>();
        pins.forEach(pin -> byName.put(pin.name(), pin));
        List<PackageInfo> order = new ArrayList<>();
        collect(id, byName, new LinkedHashSet<>(), order);
        return List.copyOf(order);
    }

    private void collect(PackageId id, Map<String, PackageId> pins, Set<PackageId> seen, List<PackageInfo> order)
            throws PackageException {
        if (!seen.add(id)) {
            return;
        }
        PackageInfo info = install(id);
        for (String dependency : info.dependencies()) {
            PackageId pin = pins.get(dependency);
            if (pin != null) {
                collect(pin, pins, seen, order);
            }
        }
        order.add(info);
    }

    /** From now on no zygote may hold this package. */
    public void makeUnfit(String pinned, String reason) {
        unfit.put(PackageId.parse(pinned), reason);
    }

    @Override
    public Optional<String> unfit(PackageId id) {
        return Optional.ofNullable(unfit.get(id));
    }

    @Override
    public Optional<ImportCost> cost(PackageId id) {
        return measured.contains(id) ? Optional.ofNullable(costs.get(id)) : Optional.empty();
    }

    @Override
    public Collection<PackageInfo> all() {
        return List.copyOf(known.values());
    }
}
