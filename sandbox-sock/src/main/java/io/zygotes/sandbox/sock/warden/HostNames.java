package io.zygotes.sandbox.sock.warden;

/**
 * The names that sandboxes have for themselves (gethostname(2)). There are few of them, so that each can have a line in
 * {@code /etc/hosts}: programs look up where they run.
 */
public final class HostNames {

    /** That of all zygotes. */
    public static final String ZYGOTE = "zygote";
    /** That of all jobs. */
    public static final String JOB = "job";

    private static final String LEAF = "leaf-";
    /** Addresses of the loopback device: each name has its own, so that it can be found by its address as well. */
    private static final String OF_LEAVES = "127.0.1.", OF_OTHERS = "127.0.2.";

    private HostNames() {}

    /**
     * That of a leaf. Not more than {@link BaseRoot#LAMBDA_IDS} leaves have different ones.
     *
     * @param uid the user id that it sees as its own
     */
    public static String ofLeaf(int uid) {
        return LEAF + (uid - BaseRoot.FIRST_LAMBDA_ID);
    }

    /** Lines for {@code /etc/hosts}: hosts(5). */
    static String lines() {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < BaseRoot.LAMBDA_IDS; i++) {
            lines.append(OF_LEAVES)
                    .append(i + 1)
                    .append(' ')
                    .append(LEAF)
                    .append(i)
                    .append('\n');
        }
        lines.append(OF_OTHERS).append("1 ").append(ZYGOTE).append('\n');
        lines.append(OF_OTHERS).append("2 ").append(JOB).append('\n');
        return lines.toString();
    }
}
