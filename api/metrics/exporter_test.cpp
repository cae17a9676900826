// SPDX-License-Identifier: Apache-2.0
#include "api/metrics/exporter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

namespace api::metrics {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// An exporter, with a thread as control.
class ExporterTest : public ::testing::Test {
protected:
    ExporterTest() {
        EXPECT_TRUE(collectors_
                        .add("test", {"sluice_x", Kind::gauge, "", "One."},
                             [this](Samples& samples) { samples.add(uint64_t(++collected_)); })
                        .ok());
    }
    ~ExporterTest() override {
        on_control([this] { exporter_.reset(); });
        guard_.reset();
        control_thread_.join();
    }
    void on_control(const std::function<void()>& work) {
        std::promise<void> done;
        asio::post(control_, [&] {
            work();
            done.set_value();
        });
        done.get_future().wait();
    }
    absl::Status start(const Exporter::Limits& limits = {}, const std::string& at = "0") {
        auto exporter = Exporter::start(collectors_, control_, *parse_endpoint(at), limits);
        if (!exporter.ok()) {
            return exporter.status();
        }
        exporter_ = std::move(*exporter);
        return absl::OkStatus();
    }
    tcp::socket connect() {
        tcp::socket socket(client_);
        socket.connect({asio::ip::make_address("127.0.0.1"), exporter_->endpoint().port});
        return socket;
    }
    /// All that comes until the other side closes.
    template <class Socket>
    static std::string rest(Socket& socket) {
        std::string text;
        boost::system::error_code error;
        asio::read(socket, asio::dynamic_buffer(text), error);
        return text;
    }
    std::string ask(const std::string& request) {
        tcp::socket socket = connect();
        boost::system::error_code ignored;
        asio::write(socket, asio::buffer(request), ignored);
        return rest(socket);
    }
    std::string get(const std::string& headers = "") {
        return ask("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + "\r\n");
    }

    asio::io_context control_{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard_{control_.get_executor()};
    std::thread control_thread_{[this] { control_.run(); }};
    asio::io_context client_;
    Collectors collectors_;
    int collected_ = 0;
    std::unique_ptr<Exporter> exporter_;
};

TEST_F(ExporterTest, ServesThePageInTheFormatThatIsAskedFor) {
    ASSERT_TRUE(start().ok());
    const std::string open = get();
    EXPECT_THAT(open, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(open, HasSubstr("application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
    EXPECT_TRUE(
        open.ends_with("\r\n\r\n# TYPE sluice_x gauge\n# HELP sluice_x One.\nsluice_x 1\n# EOF\n"))
        << open;
    const std::string older = get("Accept: text/plain\r\n");
    EXPECT_THAT(older, HasSubstr("text/plain; version=0.0.4; charset=utf-8\r\n"));
    EXPECT_THAT(older, Not(HasSubstr("# EOF")));
}

TEST_F(ExporterTest, SaysWhatItDoesNotServe) {
    ASSERT_TRUE(start().ok());
    EXPECT_THAT(ask("GET / HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
    const std::string post = ask("POST /metrics HTTP/1.0\r\n\r\n");
    EXPECT_THAT(post, StartsWith("HTTP/1.1 405 "));
    EXPECT_THAT(post, HasSubstr("Allow: GET, HEAD\r\n"));
    const std::string head = ask("HEAD /metrics?a=b HTTP/1.0\r\n\r\n");
    EXPECT_THAT(head, StartsWith("HTTP/1.1 200 "));
    EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
}

TEST_F(ExporterTest, RefusesHostileBytesAndGoesOn) {
    ASSERT_TRUE(start().ok());
    EXPECT_THAT(ask("\x16\x03\x01\x02\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(ask("GET /metrics HTTP/9.9\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(ask("GET /metrics HTTP/1.1\r\nX: " + std::string(10000, 'x') + "\r\n\r\n"),
                StartsWith("HTTP/1.1 431 "));
    EXPECT_THAT(ask("GET /metrics HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"),
                StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(get(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ExporterTest, KeepsAConnectionForTheNextRequest) {
    ASSERT_TRUE(start().ok());
    const std::string again =
        ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
            "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(again, HasSubstr("sluice_x 1\n"));
    EXPECT_THAT(again, HasSubstr("sluice_x 2\n"));
}

TEST_F(ExporterTest, ClosesWhoSaysNothing) {
    Exporter::Limits limits;
    limits.request_time = std::chrono::milliseconds(50);
    ASSERT_TRUE(start(limits).ok());
    EXPECT_EQ(ask("GET /met"), "");
}

TEST_F(ExporterTest, ClosesTheMostSilentConnectionForANewOne) {
    Exporter::Limits limits;
    limits.connections = 2;
    ASSERT_TRUE(start(limits).ok());
    tcp::socket first = connect();
    tcp::socket second = connect();
    EXPECT_THAT(get(), StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(rest(first), "");
    asio::write(second, asio::buffer(std::string("GET /metrics HTTP/1.0\r\n\r\n")));
    EXPECT_THAT(rest(second), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ExporterTest, DoesNotWaitForABusyControlThread) {
    Exporter::Limits limits;
    limits.collect_time = std::chrono::milliseconds(50);
    ASSERT_TRUE(start(limits).ok());
    std::promise<void> release;
    asio::post(control_, [&] { release.get_future().wait(); });
    EXPECT_THAT(get(), StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(get(), StartsWith("HTTP/1.1 503 "));
    release.set_value();
    on_control([] {});
    on_control([] {});
    EXPECT_EQ(collected_, 1) << "two requests waited for one collection";
    exporter_.reset();
    ASSERT_TRUE(start().ok());
    EXPECT_THAT(get(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ExporterTest, ServesAUnixSocket) {
    const std::string path = ::testing::TempDir() + "exporter_test.sock";
    ASSERT_TRUE(start({}, "unix:" + path).ok());
    asio::local::stream_protocol::socket socket(client_);
    socket.connect(path);
    asio::write(socket, asio::buffer(std::string("GET /metrics HTTP/1.0\r\n\r\n")));
    EXPECT_THAT(rest(socket), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ExporterTest, SaysThatAPortIsTaken) {
    ASSERT_TRUE(start().ok());
    const auto second = Exporter::start(collectors_, control_, exporter_->endpoint());
    EXPECT_THAT(std::string(second.status().message()), HasSubstr("in use; give another"));
}

}  // namespace
}  // namespace api::metrics
