package io.zygotes.sandbox.sock.sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class SockLeafTest {

    @Test
    void privateMemoryIsWhatNoOtherProcessMaps() {
        String smaps = """
            55d0c8a00000-7ffd5c3fe000 ---p 00000000 00:00 0                          [rollup]
            Rss:               12832 kB
            Pss:                4016 kB
            Shared_Clean:       7000 kB
            Shared_Dirty:       3000 kB
            Private_Clean:         8 kB
            Private_Dirty:      2824 kB
            Anonymous:          5824 kB
            Private_Hugetlb:       4 kB
            """;
        assertEquals((8 + 2824 + 4) * 1024L, SockLeaf.privateBytes(smaps));
    }

    @Test
    void aProcessThatIsGoneHasNone() {
        assertEquals(0, SockLeaf.privateBytes(""));
    }
}
