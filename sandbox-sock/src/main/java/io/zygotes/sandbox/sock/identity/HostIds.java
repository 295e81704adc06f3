package io.zygotes.sandbox.sock.identity;

/**
 * Which user and group ids of the host belong to sandboxes. Each worker of a machine has a region: a small number that is
 * its own, and says which block of host ids it uses.
 */
public final class HostIds {

    /** How many ids a worker has. */
    public static final int OF_A_WORKER = 1 << 24;
    /** How many regions there are: 2^31 host ids from {@link #FIRST} on, {@link #OF_A_WORKER} for each. */
    public static final int REGIONS = 128;

    /**
     * Ids from here on are given to nobody by systemd's and the distributions' rules up to 2^31 (systemd, "Users, Groups,
     * UIDs and GIDs on systemd Systems"), and rarely above.
     */
    private static final long FIRST = 0x70000000L;

    private HostIds() {}

    /**
     * The host id that an id of a warden's user namespace means.
     *
     * @param region the worker's region
     * @param id as the warden numbers them, from 0 on
     * @return the id; unsigned, as the kernel's are
     */
    public static int of(int region, int id) {
        return (int) (FIRST + (long) region * OF_A_WORKER + id);
    }

    /** Whether a host id belongs to a sandbox of any worker. */
    public static boolean isSandbox(int hostId) {
        long id = Integer.toUnsignedLong(hostId);
        return id >= FIRST && id < FIRST + (long) REGIONS * OF_A_WORKER;
    }
}
