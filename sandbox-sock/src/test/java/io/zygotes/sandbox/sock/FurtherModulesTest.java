package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.ImportCost;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Reply;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What zygotes import beside the modules at the top of their packages, and what leaves say they needed. */
class FurtherModulesTest {

    private RealSandboxes real;
    private Zygote root;

    @BeforeEach
    void start(@TempDir Path folder) throws Exception {
        real = new RealSandboxes(folder);
        root = real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote());
    }

    @AfterEach
    void stop() {
        real.close();
    }

    private Zygote zygote(List<PackageId> packages, String... modules) throws Exception {
        ZygoteSpec spec = new ZygoteSpec(packages, RealSandboxes.LIMITS, List.of(modules));
        return real.mechanism.createZygote(Optional.of(root), spec);
    }

    private static String call(Leaf leaf) throws Exception {
        Reply reply = leaf.call(Invocation.post("null".getBytes(StandardCharsets.UTF_8)), Duration.ofSeconds(10));
        return reply.status() + " " + new String(reply.body(), StandardCharsets.UTF_8);
    }

    @Test
    void aLeafSaysWhatItLoadedAndTheNextZygoteHasIt() throws Exception {
        PackageId top = real.pack("top", "1", "VALUE = 1\n");
        PackageId part = real.pack("part", "1", "import fractions\n");
        String source = """
            import sys
            before = sorted({"fractions", "part", "wave"} & set(sys.modules))
            import part
            def f(event):
                import wave
                return before
            """;
        LeafSpec spec = real.lambda("needs", source, top, part);

        Leaf first = real.mechanism.createLeaf(Optional.of(zygote(List.of(top))), spec);
        assertEquals(List.of(), first.loadedModules());
        assertEquals("200 []", call(first));
        List<String> loaded = first.loadedModules();
        assertTrue(loaded.containsAll(List.of("part", "fractions", "wave")), loaded::toString);
        assertFalse(loaded.contains("f"), loaded::toString);
        assertEquals("200 []", call(first), "the second answer is the answer to the second call");

        Zygote next = zygote(List.of(top, part), "fractions", "wave", "nothing_like_this");
        assertEquals(
                Set.of("nothing_like_this"), next.moduleFindings().leftOut().keySet());
        LeafSpec helped = real.lambda("helped", source, top, part, real.pack("nothing_like_this", "1", ""));
        assertEquals(Optional.empty(), real.mechanism.misfit(next, helped), "its packages did not look for it");
        Leaf second = real.mechanism.createLeaf(Optional.of(next), spec);
        assertEquals("200 [\"fractions\", \"part\", \"wave\"]", call(second));
        assertEquals(List.of(), second.loadedModules());
    }

    @Test
    void aModuleThatSpoilsItsZygoteIsNamed() throws Exception {
        Map<String, String> sources = Map.of(
                "listens", "import socket\nkept = socket.socket()\n",
                "ends", "import os\nos._exit(3)\n",
                "grows", "kept = b\"x\" * (40 << 20)\n");
        for (Map.Entry<String, String> source : sources.entrySet()) {
            PackageId fine = real.pack("fine", "1", "VALUE = 1\n");
            // Its top is empty: what is looked at is imported as a part alone.
            PackageId bad = real.pack("holder" + source.getKey(), "1", "");
            real.write("packages/" + bad, Map.of(source.getKey() + ".py", source.getValue()));
            SandboxException.ModulesFailed e = assertThrows(
                    SandboxException.ModulesFailed.class,
                    () -> zygote(List.of(fine, bad), "fractions", source.getKey(), "wave"));
            assertEquals(Set.of(source.getKey()), e.modules().keySet(), e::getMessage);
        }
    }

    @Test
    void whatAPartCostsCountsForItsPackage() throws Exception {
        PackageId light = real.pack("light", "1", "");
        PackageId heavy = real.pack("heavy", "1", "");
        String part = "import time\ntime.sleep(0.3)\nkept = b\"x\" * (8 << 20)\n";
        real.write("packages/" + heavy + "/heavy", Map.of("__init__.py", "", "part.py", part));
        Zygote zygote = zygote(List.of(light, heavy), "heavy.part", "fractions");
        ImportCost cost = zygote.importCosts().get(heavy);
        assertTrue(cost.millis() >= 300 && cost.megabytes() >= 8, cost::toString);
        assertEquals(Set.of(light, heavy), zygote.importCosts().keySet());
        assertTrue(zygote.importCosts().get(light).megabytes() < 8, "a part of another package is none of its own");
    }

    @Test
    void whatLooksForAnotherModuleSaysSo() throws Exception {
        PackageId looks = real.pack("looks", "1", "");
        real.write(
                "packages/" + looks,
                Map.of("looking.py", "try:\n    import helper\nexcept ImportError:\n    helper = None\n"));
        Zygote zygote = zygote(List.of(looks), "looking");
        assertEquals(
                Map.of("looking", Set.of("helper")), zygote.moduleFindings().lookedFor());
    }

    @Test
    void aZygoteOfTheStandardLibraryServesWhoeverDoesNotComeBeforeIt() throws Exception {
        Zygote library = zygote(List.of(), "ssl", "email.message", "asyncio", "sqlite3", "logging", "random");
        assertEquals(Map.of(), library.moduleFindings().leftOut());
        String source = """
            import sys
            there = "asyncio" in sys.modules and "email" in sys.modules
            import asyncio, random
            async def f(event):
                return there, random.random()
            """;
        LeafSpec plain = real.lambda("plain", source);
        assertEquals(Optional.empty(), real.mechanism.misfit(library, plain));
        String one = call(real.mechanism.createLeaf(Optional.of(library), plain));
        String other = call(real.mechanism.createLeaf(Optional.of(library), plain));
        assertTrue(one.startsWith("200 [true, 0."), one);
        assertFalse(one.equals(other), "leaves draw random numbers of their own");

        PackageId gevent = real.pack("gevent", "1", "");
        LeafSpec patches = real.lambda("patches", "import gevent, ssl\ndef f(event):\n    return 1\n", gevent);
        assertTrue(real.mechanism.misfit(library, patches).isPresent());
        assertEquals(Optional.empty(), real.mechanism.misfit(root, patches));
    }
}
