// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/object.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "api/file.hpp"
#include "plugins/host/descriptors.hpp"
#include "plugins/host/elf_file.hpp"

namespace plugins::host {

namespace {

constexpr off_t largest_file = off_t(256) << 20;

absl::Status refuse(const std::string& plugin, std::string_view why) {
    return absl::FailedPreconditionError(fmt::format("plugin '{}' {}", plugin, why));
}

absl::Status refuse_file(const std::string& plugin, const std::string& file, std::string_view why) {
    return refuse(plugin, fmt::format("cannot be used: its file {} {}", file, why));
}

Object::Version version_of(const struct stat& facts) {
    return {facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtim};
}

absl::StatusOr<std::vector<std::byte>> read_all(const std::string& plugin, const std::string& file,
                                                Object::Version& version) {
    const api::File opened(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat facts {};
    if (!opened || fstat(opened.get(), &facts) != 0) {
        return refuse_file(plugin, file, fmt::format("cannot be read: {}", std::strerror(errno)));
    }
    if (!S_ISREG(facts.st_mode) || facts.st_size > largest_file) {
        return refuse_file(plugin, file,
                           fmt::format("is no ordinary file of up to {} MB", largest_file >> 20));
    }
    version = version_of(facts);
    std::vector<std::byte> bytes(size_t(facts.st_size));
    size_t got = 0;
    while (got < bytes.size()) {
        const ssize_t count = read(opened.get(), bytes.data() + got, bytes.size() - got);
        if (count <= 0) {
            return refuse_file(plugin, file,
                               "cannot be read to its end; it changes or its disk fails");
        }
        got += size_t(count);
    }
    return bytes;
}

std::string_view as_text(ElfFile::Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

absl::StatusOr<Object::Version> Object::version_of(const std::string& plugin,
                                                   const std::string& file) {
    struct stat facts {};
    if (stat(file.c_str(), &facts) != 0) {
        return refuse_file(plugin, file, fmt::format("cannot be read: {}", std::strerror(errno)));
    }
    return host::version_of(facts);
}

absl::StatusOr<Object> Object::check(const std::string& plugin, const std::string& file,
                                     Stamp& stamp) {
    Object object;
    object.plugin_ = plugin;
    object.file_ = file;
    const auto bytes = read_all(plugin, file, object.version_);
    if (!bytes.ok()) {
        return bytes.status();
    }
    const auto elf = ElfFile::read(*bytes);
    if (!elf.ok()) {
        return refuse_file(plugin, file, std::string(elf.status().message()));
    }
    const auto stamp_section = elf->section(Stamp::section);
    if (!stamp_section) {
        return refuse_file(plugin, file,
                           "has no build stamp; build the plugin with sluice_plugin()");
    }
    auto parsed = Stamp::parse(as_text(*stamp_section));
    if (!parsed.ok()) {
        return refuse_file(plugin, file, std::string(parsed.status().message()));
    }
    stamp = *std::move(parsed);
    if (auto status = stamp.matches(Stamp::own(), plugin); !status.ok()) {
        return status;
    }
    if (!elf->exports(vnet::plugin::entry_symbol)) {
        return refuse(
            plugin,
            fmt::format(
                "does not define {}; define register_plugin() and build it with sluice_plugin()",
                vnet::plugin::entry_symbol));
    }
    const auto descriptors = elf->section(descriptor_section);
    // What generated message code calls when it is mapped; with it, the object has messages
    // whatever its stamp says.
    const bool has_messages = !stamp.protos.empty() || elf->wants("AddDescriptorsRunner");
    if (has_messages && (!descriptors || stamp.protos.empty())) {
        return refuse(
            plugin,
            fmt::format(
                "has messages but no section {} that describes them; name its .proto file as "
                "PROTO of sluice_plugin()",
                descriptor_section));
    }
    if (descriptors) {
        object.descriptors_ = as_text(*descriptors);
    }
    // What another host of this process has mapped is itself what its messages would clash with.
    if (descriptors && dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD) == nullptr) {
        if (auto status = check_descriptors(plugin, object.descriptors_, stamp.protos);
            !status.ok()) {
            return status;
        }
    }
    return object;
}

absl::StatusOr<vnet::plugin::Entry*> Object::map() const {
    dlerror();
    void* const handle = dlopen(file_.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == nullptr) {
        const char* reason = dlerror();
        return refuse(plugin_, fmt::format("cannot be mapped: {}",
                                           reason == nullptr ? "no reason is given" : reason));
    }
    void* const symbol = dlsym(handle, vnet::plugin::entry_symbol);
    if (symbol == nullptr) {
        return refuse(plugin_, fmt::format("does not define {}", vnet::plugin::entry_symbol));
    }
    return reinterpret_cast<vnet::plugin::Entry*>(symbol);
}

}  // namespace plugins::host
