package io.zygotes.plugin.tree.fit;

import java.util.BitSet;

/**
 * A package set that may become a node.
 *
 * @param set the packages, by their numbers
 * @param words the set again: looking for subsets is what the search does most
 * @param millis what importing all of it costs, in milliseconds
 * @param megabytes the same in MiB
 * @param covered the calls that have all of it
 * @param gain what it saves if it is chosen first
 */
record Candidate(BitSet set, long[] words, double millis, double megabytes, int[] covered, double gain) {

    boolean contains(Candidate small) {
        if (small.words.length > words.length) {
            return false;
        }
        for (int i = 0; i < small.words.length; i++) {
            if ((small.words[i] & ~words[i]) != 0) {
                return false;
            }
        }
        return true;
    }
}
