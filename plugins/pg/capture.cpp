// SPDX-License-Identifier: Apache-2.0
#include "plugins/pg/capture.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pcap/pcap.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "api/file.hpp"
#include "graph/limits.hpp"
#include "vnet/wire/text.hpp"

namespace pg {

using vnet::wire::quoted;

namespace {

constexpr int snapshot_bytes = 65535;
constexpr uint64_t ns_per_s = 1'000'000'000;
/// Shorter ones are not Ethernet.
constexpr uint32_t shortest_packet = 14;

struct ClosePcap {
    void operator()(pcap_t* pcap) const noexcept { pcap_close(pcap); }
};
using Pcap = std::unique_ptr<pcap_t, ClosePcap>;

/// Opens an ordinary file; never waits, as on a pipe.
absl::StatusOr<FILE*> open_ordinary(const std::string& path, int flags, const char* mode,
                                    uint64_t largest) {
    api::File file(open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, 0640));
    struct stat facts {};
    if (!file || fstat(file.get(), &facts) != 0) {
        const int error = errno;
        const std::string sentence =
            fmt::format("file {} cannot be {}: {}; give a path on the router", quoted(path),
                        mode[0] == 'r' ? "read" : "written", std::strerror(error));
        return error == ENOENT   ? absl::NotFoundError(sentence)
               : error == EACCES ? absl::PermissionDeniedError(sentence)
                                 : absl::FailedPreconditionError(sentence);
    }
    if (!S_ISREG(facts.st_mode)) {
        return absl::InvalidArgumentError(
            fmt::format("{} is no ordinary file; give the path of one", quoted(path)));
    }
    if (uint64_t(facts.st_size) > largest) {
        return absl::ResourceExhaustedError(
            fmt::format("file {} has {} MB; a capture of up to {} MB can be replayed", quoted(path),
                        facts.st_size >> 20, largest >> 20));
    }
    if (mode[0] == 'w' && ftruncate(file.get(), 0) != 0) {
        return absl::FailedPreconditionError(
            fmt::format("file {} cannot be emptied: {}", quoted(path), std::strerror(errno)));
    }
    FILE* stream = fdopen(file.get(), mode);
    if (stream == nullptr) {
        return absl::ResourceExhaustedError(
            fmt::format("file {} cannot be used: {}", quoted(path), std::strerror(errno)));
    }
    file.release();
    return stream;
}

}  // namespace

absl::StatusOr<Capture> Capture::read(const std::string& file) {
    auto stream = open_ordinary(file, O_RDONLY, "rb", largest_file);
    if (!stream.ok()) {
        return stream.status();
    }
    char error[PCAP_ERRBUF_SIZE] = "";
    const Pcap pcap(pcap_fopen_offline(*stream, error));
    if (pcap == nullptr) {
        std::fclose(*stream);
        return absl::InvalidArgumentError(fmt::format(
            "file {} is no capture: {}; give one in pcap or pcapng format", quoted(file), error));
    }
    if (pcap_datalink(pcap.get()) != DLT_EN10MB) {
        const char* name = pcap_datalink_val_to_name(pcap_datalink(pcap.get()));
        return absl::InvalidArgumentError(
            fmt::format("file {} is a capture of link type {}; only Ethernet can be replayed",
                        quoted(file), name == nullptr ? "unknown" : name));
    }
    Capture capture;
    pcap_pkthdr* header = nullptr;
    const u_char* bytes = nullptr;
    int outcome = 0;
    while ((outcome = pcap_next_ex(pcap.get(), &header, &bytes)) == 1) {
        if (header->caplen < header->len || header->caplen > graph::buffer_bytes ||
            header->caplen < shortest_packet) {
            ++capture.left_out_;
            continue;
        }
        const auto* begin = reinterpret_cast<const std::byte*>(bytes);
        capture.packets_.push_back({uint32_t(capture.bytes_.size()), header->caplen});
        capture.bytes_.insert(capture.bytes_.end(), begin, begin + header->caplen);
    }
    if (outcome != PCAP_ERROR_BREAK) {
        return absl::InvalidArgumentError(
            fmt::format("file {} is damaged behind packet {}: {}; capture it again", quoted(file),
                        capture.size() + capture.left_out_, pcap_geterr(pcap.get())));
    }
    if (capture.packets_.empty()) {
        return absl::InvalidArgumentError(fmt::format(
            "file {} has no packet to send: {} were left out, being cut off or not of {} to {} B",
            quoted(file), capture.left_out_, shortest_packet, graph::buffer_bytes));
    }
    return capture;
}

struct CaptureWriter::Handles {
    Pcap pcap;
    pcap_dumper_t* dumper = nullptr;
    ~Handles() {
        if (dumper != nullptr) {
            pcap_dump_close(dumper);
        }
    }
};

CaptureWriter::CaptureWriter(std::unique_ptr<Handles> handles) : handles_(std::move(handles)) {}
CaptureWriter::CaptureWriter(CaptureWriter&&) noexcept = default;
CaptureWriter::~CaptureWriter() = default;

absl::StatusOr<CaptureWriter> CaptureWriter::create(const std::string& file) {
    auto stream = open_ordinary(file, O_WRONLY | O_CREAT, "wb", UINT64_MAX);
    if (!stream.ok()) {
        return stream.status();
    }
    auto handles = std::make_unique<Handles>();
    handles->pcap.reset(pcap_open_dead_with_tstamp_precision(DLT_EN10MB, snapshot_bytes,
                                                             PCAP_TSTAMP_PRECISION_NANO));
    if (handles->pcap == nullptr) {
        std::fclose(*stream);
        return absl::ResourceExhaustedError(
            fmt::format("file {} cannot be begun: no memory is left", quoted(file)));
    }
    // From here on the stream is the library's, also where it fails.
    handles->dumper = pcap_dump_fopen(handles->pcap.get(), *stream);
    if (handles->dumper == nullptr) {
        return absl::FailedPreconditionError(fmt::format(
            "file {} cannot be begun: {}", quoted(file), pcap_geterr(handles->pcap.get())));
    }
    CaptureWriter writer(std::move(handles));
    if (auto status = writer.flush(); !status.ok()) {
        return status;
    }
    return writer;
}

void CaptureWriter::write(std::span<const std::byte> packet, uint64_t time_ns) {
    pcap_pkthdr header{};
    header.ts.tv_sec = time_t(time_ns / ns_per_s);
    header.ts.tv_usec = suseconds_t(time_ns % ns_per_s);
    header.caplen = header.len = bpf_u_int32(packet.size());
    pcap_dump(reinterpret_cast<u_char*>(handles_->dumper), &header,
              reinterpret_cast<const u_char*>(packet.data()));
}

absl::Status CaptureWriter::flush() {
    errno = 0;
    if (pcap_dump_flush(handles_->dumper) != 0 ||
        std::ferror(pcap_dump_file(handles_->dumper)) != 0) {
        return absl::DataLossError(
            fmt::format("the capture's file cannot be written: {}; free some space",
                        std::strerror(errno == 0 ? EIO : errno)));
    }
    return absl::OkStatus();
}

}  // namespace pg
