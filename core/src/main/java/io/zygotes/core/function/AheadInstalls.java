package io.zygotes.core.function;

import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.registry.LambdaCode;
import io.zygotes.core.threads.NoThreadException;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** Installs of packages that somebody asked for before the lambda was called. Safe for use by many threads. */
final class AheadInstalls {

    private final PackageStore packages;
    /** By the lambda's folder of this version. Ends with the reason for a failure, or an empty text. */
    private final Map<LambdaCode, CompletableFuture<String>> underWay = new ConcurrentHashMap<>();

    AheadInstalls(PackageStore packages) {
        this.packages = packages;
    }

    /**
     * Begins to install the packages of a lambda, unless that goes on, and says how far it is. Returns at once. An end
     * is told once: whoever asks then again begins anew.
     */
    InstallProgress progress(LambdaCode code) {
        CompletableFuture<String> install = underWay.computeIfAbsent(code, this::begin);
        boolean done = install.isDone();
        if (done) {
            underWay.remove(code, install);
        }
        return new InstallProgress(named(code, true), named(code, false), done, done ? install.join() : "");
    }

    private List<String> named(LambdaCode code, boolean installed) {
        Stream<PackageId> all = code.hashes().keySet().stream();
        return all.filter(id -> packages.installed(id).isPresent() == installed)
                .map(PackageId::toString)
                .sorted()
                .toList();
    }

    private CompletableFuture<String> begin(LambdaCode code) {
        CompletableFuture<String> result = new CompletableFuture<>();
        Thread.ofPlatform().name("install-ahead").daemon().start(() -> result.complete(install(code)));
        return result;
    }

    /** Why it failed; empty if it did not. */
    private String install(LambdaCode code) {
        try {
            packages.installAll(code.hashes());
            return "";
        } catch (PackageException | NoThreadException | CancellationException e) {
            return e.getMessage();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "the worker is stopping";
        }
    }
}
