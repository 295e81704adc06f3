package io.zygotes.sandbox.sock.identity;

/**
 * Which user and group ids of the host belong to sandboxes. All ids are cut into <em>regions</em> of the same size,
 * numbered from 0 on; each worker of a machine has a region that is its own. The number says which ids these are, so
 * that two workers with settings of different ranges do not share any.
 *
 * @param firstRegion the first region that a worker may take
 * @param regions how many it may choose from, at least 1
 */
public record HostIds(int firstRegion, int regions) {

    /** How many ids a worker has. */
    public static final int OF_A_WORKER = 1 << 24;
    /** How many regions there are among all ids. */
    public static final int ALL_REGIONS = 256;

    /**
     * Where nobody else takes ids unless told to: above those that SSSD and FreeIPA compute for the users of a
     * directory service (up to 2,000,200,000), above those that systemd gives to containers (up to 0x6FFFFFFF; systemd,
     * "Users, Groups, UIDs and GIDs on systemd Systems"), and below those that are small negative numbers to somebody.
     */
    public static final HostIds DEFAULT = new HostIds(0x78, 0xF0 - 0x78);

    /** Checks the range. */
    public HostIds {
        // Region 0 has root and the users of the machine itself; the last one has -1, which means no id.
        if (firstRegion < 1 || regions < 1 || firstRegion + regions > ALL_REGIONS - 1) {
            throw new IllegalArgumentException("there are no " + regions + " regions from " + firstRegion + " on");
        }
    }

    /**
     * The whole regions in a range of ids.
     *
     * @param first the first id
     * @param count how many ids
     * @throws IllegalArgumentException if there is no whole region among them that a worker could have
     */
    public static HostIds within(long first, long count) {
        long begin = Math.max(1, Math.ceilDiv(first, OF_A_WORKER));
        long end = Math.min(ALL_REGIONS - 1, Math.floorDiv(first + count, OF_A_WORKER));
        if (begin >= end) {
            throw new IllegalArgumentException("the " + count + " host ids from " + first
                    + " on hold no block of " + OF_A_WORKER + " that begins at a multiple of that, from "
                    + OF_A_WORKER + " on, and a worker needs one");
        }
        return new HostIds((int) begin, (int) (end - begin));
    }

    /** Whether a region is among those that a worker may take. */
    public boolean contains(int region) {
        return region >= firstRegion && region < firstRegion + regions;
    }

    /**
     * The region of the range that stands at a place, counted round and round.
     *
     * @param place any number
     */
    public int at(int place) {
        return firstRegion + Math.floorMod(place, regions);
    }

    /** The first id of the range. */
    public long first() {
        return (long) firstRegion * OF_A_WORKER;
    }

    /** How many ids the range has. */
    public long count() {
        return (long) regions * OF_A_WORKER;
    }

    /**
     * The host id that an id of a warden's user namespace means.
     *
     * @param region the worker's region
     * @param id as the warden numbers them, from 0 on
     * @return the id; unsigned, as the kernel's are
     */
    public static int of(int region, int id) {
        return (int) ((long) region * OF_A_WORKER + id);
    }

    /**
     * The region that a host id is in.
     *
     * @param hostId unsigned
     */
    public static int regionOf(int hostId) {
        return (int) (Integer.toUnsignedLong(hostId) / OF_A_WORKER);
    }
}
