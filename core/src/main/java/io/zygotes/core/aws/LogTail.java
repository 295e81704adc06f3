package io.zygotes.core.aws;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;

/** What a caller is told of what his call printed: the last 4 KB, between lines as the service writes them. */
final class LogTail {

    private static final int MOST = 4096;

    private LogTail() {}

    /**
     * @param nanos how long the call took
     * @param printed whole lines, in UTF-8
     * @return the value of the header
     */
    static String encoded(String requestId, String version, int memoryMb, long nanos, byte[] printed) {
        double millis = nanos / 1e6;
        String before = "START RequestId: " + requestId + " Version: " + version + "\n";
        String after = String.format(
                Locale.ROOT,
                "END RequestId: %s%nREPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\tMemory Size: %d"
                        + " MB%n",
                requestId,
                requestId,
                millis,
                (long) Math.ceil(millis),
                memoryMb);
        byte[] begin = before.getBytes(StandardCharsets.UTF_8);
        byte[] end = after.getBytes(StandardCharsets.UTF_8);
        byte[] all = Arrays.copyOf(begin, begin.length + printed.length + end.length);
        System.arraycopy(printed, 0, all, begin.length, printed.length);
        System.arraycopy(end, 0, all, begin.length + printed.length, end.length);
        int from = Math.max(all.length - MOST, 0);
        // Not in the middle of a character of several bytes.
        while (from < all.length && (all[from] & 0xC0) == 0x80) {
            from++;
        }
        return Base64.getEncoder().encodeToString(Arrays.copyOfRange(all, from, all.length));
    }
}
