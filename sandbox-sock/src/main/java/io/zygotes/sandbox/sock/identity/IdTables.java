package io.zygotes.sandbox.sock.identity;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What this machine says about its user and group ids: which there are, and which were given to somebody.
 *
 * @param users the ids that this process's user namespace has (user_namespaces(7)); all, outside of a container
 * @param groups the same of groups
 * @param given ids of somebody's: users and groups of this machine, and what they may give to containers of their own
 *     (subuid(5), subgid(5))
 */
public record IdTables(List<Extent> users, List<Extent> groups, List<Extent> given) {

    /** Copies the lists. */
    public IdTables {
        users = List.copyOf(users);
        groups = List.copyOf(groups);
        given = List.copyOf(given);
    }

    /**
     * Ids one behind the other.
     *
     * @param first the first of them
     * @param count how many
     * @param what who has them, for people
     */
    public record Extent(long first, long count, String what) {

        private boolean holds(long id, long many) {
            return first <= id && id + many <= first + count;
        }

        private boolean meets(long id, long many) {
            return first < id + many && id < first + count;
        }
    }

    /**
     * Reads them.
     *
     * @param proc where proc(5) is mounted
     * @param etc the folder with passwd(5) and the like
     * @throws IOException if a file is there and cannot be read
     */
    public static IdTables read(Path proc, Path etc) throws IOException {
        List<Extent> given = new ArrayList<>();
        for (String file : List.of("subuid", "subgid")) {
            for (String[] fields : lines(etc.resolve(file), ":")) {
                add(given, fields, 1, 2, fields[0] + " in " + etc.resolve(file));
            }
        }
        for (String file : List.of("passwd", "group")) {
            for (String[] fields : lines(etc.resolve(file), ":")) {
                add(given, fields, 2, -1, fields[0] + " in " + etc.resolve(file));
            }
        }
        return new IdTables(mapped(proc.resolve("self/uid_map")), mapped(proc.resolve("self/gid_map")), given);
    }

    private static List<Extent> mapped(Path map) throws IOException {
        List<Extent> extents = new ArrayList<>();
        for (String[] fields : lines(map, "\\s+")) {
            add(extents, fields, 0, 2, map.toString());
        }
        return extents;
    }

    private static List<String[]> lines(Path file, String separator) throws IOException {
        try {
            // Names in these files may be in any encoding; numbers are the same in all of them.
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)
                    .lines()
                    .map(line -> line.strip().split(separator))
                    .toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    /** Passes over what is no line of ids, as everybody does who reads these files. */
    private static void add(List<Extent> extents, String[] fields, int first, int count, String what) {
        if (fields.length > Math.max(first, count) && isNumber(fields[first])) {
            if (count < 0) {
                extents.add(new Extent(Long.parseLong(fields[first]), 1, what));
            } else if (isNumber(fields[count])) {
                extents.add(new Extent(Long.parseLong(fields[first]), Long.parseLong(fields[count]), what));
            }
        }
    }

    private static boolean isNumber(String text) {
        return text.matches("[0-9]{1,10}");
    }

    /** The regions of a range that are there, and of which nobody has an id. */
    public List<Integer> usable(HostIds range) {
        return IntStream.range(range.firstRegion(), range.firstRegion() + range.regions())
                .filter(region -> isThere(region) && giver(region).isEmpty())
                .boxed()
                .toList();
    }

    private boolean isThere(int region) {
        return isIn(users, region) && isIn(groups, region);
    }

    /** In one line of the map: a map of a namespace below cannot have ids of two lines in one of its own. */
    private static boolean isIn(List<Extent> extents, int region) {
        return extents.stream().anyMatch(extent -> extent.holds(first(region), HostIds.OF_A_WORKER));
    }

    private Optional<Extent> giver(int region) {
        return given.stream()
                .filter(extent -> extent.meets(first(region), HostIds.OF_A_WORKER))
                .findFirst();
    }

    private static long first(int region) {
        return (long) region * HostIds.OF_A_WORKER;
    }

    /** Why no region of a range is usable. */
    public String obstacle(HostIds range) {
        String ids = "host ids from " + range.first() + " to " + (range.first() + range.count() - 1);
        Optional<Extent> taken = IntStream.range(range.firstRegion(), range.firstRegion() + range.regions())
                .filter(this::isThere)
                .mapToObj(this::giver)
                .flatMap(Optional::stream)
                .findFirst();
        return taken.map(extent -> "of the " + ids + " all blocks of " + HostIds.OF_A_WORKER
                        + " have some that belong to" + " somebody: " + extent.what())
                .orElse("the " + ids + " do not exist in this user namespace (/proc/self/uid_map, gid_map), so that"
                        + " sandboxes cannot have them");
    }

    /** What to do about {@link #obstacle}. */
    public String mend() {
        int best = 0;
        int length = 0;
        int begin = 1;
        for (int region = 1; region < HostIds.ALL_REGIONS; region++) {
            boolean good = region < HostIds.ALL_REGIONS - 1
                    && isThere(region)
                    && giver(region).isEmpty();
            if (!good) {
                begin = region + 1;
            } else if (region + 1 - begin > length) {
                best = begin;
                length = region + 1 - begin;
            }
        }
        if (length == 0) {
            return "give the container 2^25 ids or more (a block of 2^24 is needed that begins at a multiple of 2^24),"
                    + " or run the worker in the host's user namespace, and set host_ids in config.json to them";
        }
        HostIds found = new HostIds(best, length);
        return "set host_ids in config.json to {\"first\": " + found.first() + ", \"count\": " + found.count()
                + "}, or to a part of that which no directory service gives to users";
    }
}
