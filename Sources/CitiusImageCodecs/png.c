#include "codecs.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>
#include <zlib.h>

struct citius_png {
    const uint8_t *bytes;
    size_t count;
    int width, height, channels;
    /// Whether a chunk says which colors are transparent.
    bool has_transparency;
    png_structp reader;
    png_infop info;
    uint8_t *pixels;
    citius_image_fault *fault;
};

static uint32_t number(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool say(citius_image_fault *fault, const char *text) {
    snprintf(fault->text, sizeof fault->text, "%s", text);
    return false;
}

/// Whether all chunks are there, up to the end, and those that an image needs have the right checksums.
static bool has_all_chunks(citius_png *png, citius_image_fault *fault) {
    for (size_t start = 8;;) {
        if (start > png->count || png->count - start < 12 || number(png->bytes + start) > png->count - start - 12) {
            fault->is_truncated = true;
            return say(fault, "Premature end of PNG file");
        }
        const uint8_t *kind = png->bytes + start + 4;
        uint32_t length = number(png->bytes + start);
        bool is_critical = !(kind[0] & 0x20);
        if (is_critical && crc32(0, kind, length + 4) != number(kind + 4 + length)) {
            return say(fault, "The checksum of a chunk is wrong");
        }
        if (!memcmp(kind, "tRNS", 4)) png->has_transparency = true;
        if (!memcmp(kind, "IEND", 4)) return true;
        start += (size_t)length + 12;
    }
}

citius_png *citius_png_open(const uint8_t *bytes, size_t count, citius_image_fault *fault) {
    memset(fault, 0, sizeof *fault);
    citius_png *png = calloc(1, sizeof *png);
    if (!png) {
        fault->is_out_of_memory = true;
        return NULL;
    }
    png->bytes = bytes;
    png->count = count;
    const uint8_t *header = bytes + 8;
    if (!has_all_chunks(png, fault)) {
        citius_png_close(png);
        return NULL;
    }
    uint32_t width = number(header + 8), height = number(header + 12);
    if (number(header) != 13 || memcmp(header + 4, "IHDR", 4) || width - 1 > 0x7ffffffe || height - 1 > 0x7ffffffe) {
        say(fault, "Its header is not one");
        citius_png_close(png);
        return NULL;
    }
    png->width = (int)width;
    png->height = (int)height;
    int color = header[17];
    bool has_alpha = color & PNG_COLOR_MASK_ALPHA || png->has_transparency;
    png->channels = (color & PNG_COLOR_MASK_COLOR ? 3 : 1) + (has_alpha ? 1 : 0);
    return png;
}

void citius_png_close(citius_png *png) {
    if (png->reader) png_destroy_read_struct(&png->reader, &png->info, NULL);
    free(png);
}

int citius_png_width(const citius_png *png) { return png->width; }
int citius_png_height(const citius_png *png) { return png->height; }
int citius_png_channels(const citius_png *png) { return png->channels; }

// MARK: Pixels

static void fail(png_structp reader, png_const_charp text) {
    citius_png *png = png_get_error_ptr(reader);
    say(png->fault, text);
    png_longjmp(reader, 1);
}

static void ignore(png_structp reader, png_const_charp text) {
    (void)reader;
    (void)text;
}

static void take_header(png_structp reader, png_infop info) {
    citius_png *png = png_get_progressive_ptr(reader);
    png_set_expand(reader);
    png_set_strip_16(reader);
    png_set_interlace_handling(reader);
    // What the chunk says may be none that it can.
    if (png->has_transparency && !png_get_valid(reader, info, PNG_INFO_tRNS)) {
        png_set_add_alpha(reader, 0xff, PNG_FILLER_AFTER);
    }
    png_read_update_info(reader, info);
    if (png_get_rowbytes(reader, info) != (size_t)png->width * (size_t)png->channels ||
        (int)png_get_image_height(reader, info) != png->height) {
        png_error(reader, "Its header is not one");
    }
}

static void take_row(png_structp reader, png_bytep row, png_uint_32 y, int pass) {
    (void)pass;
    citius_png *png = png_get_progressive_ptr(reader);
    if (!row || (int)y >= png->height) return;
    png_progressive_combine_row(reader, png->pixels + (size_t)y * (size_t)png->width * (size_t)png->channels, row);
}

bool citius_png_read(citius_png *png, uint8_t *pixels, citius_image_fault *fault) {
    memset(fault, 0, sizeof *fault);
    png->fault = fault;
    png->pixels = pixels;
    png->reader = png_create_read_struct(PNG_LIBPNG_VER_STRING, png, fail, ignore);
    if (png->reader) png->info = png_create_info_struct(png->reader);
    if (!png->info) {
        fault->is_out_of_memory = true;
        return false;
    }
    if (setjmp(png_jmpbuf(png->reader))) return false;
    // Texts, profiles and the like are not looked at: compressed ones may be a thousand times as large in memory.
    png_set_keep_unknown_chunks(png->reader, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_crc_action(png->reader, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
    png_set_user_limits(png->reader, 0x7fffffff, 0x7fffffff);
    png_set_chunk_malloc_max(png->reader, 1 << 20);
    // The library is given the file, instead of taking it: then it stops with the last pixel, and does not inflate what
    // may lie behind.
    png_set_progressive_read_fn(png->reader, png, take_header, take_row, NULL);
    png_process_data(png->reader, png->info, (png_bytep)(uintptr_t)png->bytes, png->count);
    bool is_complete = png_get_interlace_type(png->reader, png->info) == PNG_INTERLACE_NONE
        ? (int)png_get_current_row_number(png->reader) >= png->height
        : png_get_current_pass_number(png->reader) > 6;
    return is_complete || say(fault, "It has too few pixels");
}
