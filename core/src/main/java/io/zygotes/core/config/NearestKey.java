package io.zygotes.core.config;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Finds the key that somebody probably meant. Safe for use by many threads. */
public final class NearestKey {

    private NearestKey() {}

    /**
     * The known key with the fewest edits to the given one; case, {@code -} and {@code _} do not count as edits.
     *
     * @param key what stands in the file
     * @param known what may stand there
     * @return empty if nothing is near enough to be a misspelling
     */
    public static Optional<String> of(String key, Collection<String> known) {
        String best = null;
        int least = Integer.MAX_VALUE;
        for (String candidate : known) {
            int edits = edits(plain(key), plain(candidate));
            if (edits < least) {
                least = edits;
                best = candidate;
            }
        }
        return best != null && least <= Math.max(2, best.length() / 2) ? Optional.of(best) : Optional.empty();
    }

    private static String plain(String key) {
        return key.toLowerCase(Locale.ROOT).replace('-', '_');
    }

    /** Levenshtein distance, one row at a time. */
    private static int edits(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int swap = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(swap, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
