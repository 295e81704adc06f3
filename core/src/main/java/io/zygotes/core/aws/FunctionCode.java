package io.zygotes.core.aws;

import io.zygotes.core.aws.AwsException.Type;
import io.zygotes.core.files.Folders;
import io.zygotes.core.files.StorageException;
import io.zygotes.core.registry.LambdaCode;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.core.registry.LambdaUploads;
import io.zygotes.core.registry.RegistryException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Puts the code of functions into the registry, and takes it out; and writes what is known of them beside. */
final class FunctionCode {

    private static final String UNZIP =
            "Could not unzip uploaded file. Please check your file, then try to upload again. ";
    /** The largest archive that is handed out, in bytes: it is in memory. */
    private static final long MOST_ARCHIVE = 50L << 20;

    private final LambdaRegistry registry;
    private final LambdaUploads uploads;
    private final FunctionRecords records;
    private final Path folder;

    /** @param folder for archives while they are installed; made when there is one */
    FunctionCode(LambdaRegistry registry, LambdaUploads uploads, FunctionRecords records, Path folder) {
        this.registry = registry;
        this.uploads = uploads;
        this.records = records;
        this.folder = folder;
    }

    /** Installs an archive, with settings on top of those that it brings. */
    LambdaCode install(String lambda, byte[] zip, FunctionSettings settings) throws AwsException {
        try {
            String text = settings.in(CodeZip.settings(zip).orElse(""));
            return installed(lambda, target -> CodeZip.write(zip, text, target));
        } catch (StorageException e) {
            throw new AwsException(Type.SERVICE, e.getMessage(), e);
        } catch (IOException | IllegalArgumentException e) {
            throw new AwsException(Type.INVALID_PARAMETER, UNZIP + e.getMessage(), e);
        }
    }

    /** Installs other code of a lambda, with its own settings. */
    LambdaCode replace(String lambda, byte[] zip) throws AwsException {
        String settings = settings(lambda);
        try {
            CodeZip.settings(zip);
        } catch (IOException e) {
            throw new AwsException(Type.INVALID_PARAMETER, UNZIP + e.getMessage(), e);
        }
        return installed(lambda, target -> CodeZip.write(zip, settings, target));
    }

    /** Installs the code of a lambda once more, with other settings. */
    LambdaCode configure(String lambda, FunctionSettings settings) throws AwsException {
        String text = written(settings, settings(lambda));
        Path code = path(lambda);
        return installed(lambda, target -> CodeZip.pack(code, Optional.of(text), target));
    }

    private static String written(FunctionSettings settings, String before) throws AwsException {
        try {
            return settings.in(before);
        } catch (IllegalArgumentException e) {
            throw new AwsException(Type.RESOURCE_CONFLICT, e.getMessage(), e);
        }
    }

    /** Installs the code of a lambda as another one, with some variables more. */
    LambdaCode copy(String lambda, String other, Map<String, String> variables) throws AwsException {
        String text = FunctionSettings.withVariables(settings(lambda), variables);
        Path code = path(lambda);
        return installed(other, target -> CodeZip.pack(code, Optional.of(text), target));
    }

    private Path path(String lambda) throws AwsException {
        return present(lambda).spec().handler();
    }

    private String settings(String lambda) throws AwsException {
        Path file = path(lambda).resolve(FunctionSettings.FILE);
        try {
            return Files.exists(file) ? Files.readString(file, StandardCharsets.UTF_8) : "";
        } catch (IOException e) {
            throw new AwsException(Type.SERVICE, "cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private LambdaCode present(String lambda) throws AwsException {
        try {
            return registry.lookupNow(lambda);
        } catch (RegistryException e) {
            throw new AwsException(Type.RESOURCE_CONFLICT, e.getMessage(), e);
        } catch (StorageException e) {
            throw new AwsException(Type.SERVICE, e.getMessage(), e);
        }
    }

    private interface Writing {
        void to(Path target) throws IOException;
    }

    private LambdaCode installed(String lambda, Writing writing) throws AwsException {
        Path archive = Folders.sibling(folder.resolve("code"), "new");
        try {
            Folders.createPrivate(folder);
            try {
                writing.to(archive);
                uploads.install(lambda, archive);
            } finally {
                Files.deleteIfExists(archive);
            }
        } catch (RegistryException e) {
            throw AwsException.parameter(e.getMessage());
        } catch (IOException e) {
            throw new AwsException(Type.SERVICE, "lambda " + lambda + " cannot be installed: " + e.getMessage(), e);
        }
        return present(lambda);
    }

    /** Takes a lambda out of the registry; it need not be there. */
    void remove(String lambda) throws AwsException {
        try {
            uploads.remove(lambda);
        } catch (RegistryException e) {
            throw AwsException.parameter(e.getMessage());
        } catch (IOException e) {
            throw new AwsException(Type.SERVICE, "lambda " + lambda + " cannot be removed: " + e.getMessage(), e);
        }
    }

    /** Writes down what is known of a function. */
    void keep(String function, FunctionRecord record) throws AwsException {
        try {
            records.put(function, record);
        } catch (IOException e) {
            throw new AwsException(Type.SERVICE, "cannot write about " + function + ": " + e.getMessage(), e);
        }
    }

    /** Nothing is known of a function any more. */
    void forget(String function) throws AwsException {
        try {
            records.remove(function);
        } catch (IOException e) {
            throw new AwsException(Type.SERVICE, "cannot forget " + function + ": " + e.getMessage(), e);
        }
    }

    /** The archive of a version of code. */
    AwsAnswer archive(LambdaCode code) throws AwsException {
        Path archive = Folders.sibling(folder.resolve("code"), "out");
        try {
            Folders.createPrivate(folder);
            try {
                CodeZip.pack(code.spec().handler(), Optional.empty(), archive);
                if (Files.size(archive) > MOST_ARCHIVE) {
                    throw new AwsException(
                            Type.CODE_STORAGE_EXCEEDED,
                            "the archive is larger than " + (MOST_ARCHIVE >> 20) + " MiB; take it from the registry");
                }
                return new AwsAnswer(200, "application/zip", Map.of(), Files.readAllBytes(archive));
            } finally {
                Files.deleteIfExists(archive);
            }
        } catch (IOException e) {
            throw new AwsException(Type.SERVICE, "the code cannot be packed: " + e.getMessage(), e);
        }
    }
}
