#include "codecs.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

struct citius_png {
    png_structp reader;
    png_infop info;
    const uint8_t *next;
    size_t left;
    citius_image_fault *fault;
    int width, height, channels;
    png_bytep *rows;
};

static void fail(png_structp reader, png_const_charp text) {
    citius_png *png = png_get_error_ptr(reader);
    if (png->fault && !png->fault->text[0]) snprintf(png->fault->text, sizeof png->fault->text, "%s", text);
    png_longjmp(reader, 1);
}

static void ignore(png_structp reader, png_const_charp text) {
    (void)reader;
    (void)text;
}

static void take(png_structp reader, png_bytep bytes, size_t count) {
    citius_png *png = png_get_io_ptr(reader);
    if (count > png->left) {
        if (png->fault) png->fault->is_truncated = true;
        png_error(reader, "Premature end of PNG file");
    }
    memcpy(bytes, png->next, count);
    png->next += count;
    png->left -= count;
}

citius_png *citius_png_open(const uint8_t *bytes, size_t count, citius_image_fault *fault) {
    memset(fault, 0, sizeof *fault);
    citius_png *png = calloc(1, sizeof *png);
    if (!png) {
        fault->is_out_of_memory = true;
        return NULL;
    }
    png->next = bytes;
    png->left = count;
    png->fault = fault;
    png->reader = png_create_read_struct(PNG_LIBPNG_VER_STRING, png, fail, ignore);
    if (png->reader) png->info = png_create_info_struct(png->reader);
    if (!png->info) {
        fault->is_out_of_memory = true;
        citius_png_close(png);
        return NULL;
    }
    if (setjmp(png_jmpbuf(png->reader))) {
        citius_png_close(png);
        return NULL;
    }
    png_set_read_fn(png->reader, png, take);
    // Texts, profiles and the like are not looked at: compressed ones may be thousands of times as large in memory.
    png_set_keep_unknown_chunks(png->reader, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_keep_unknown_chunks(png->reader, PNG_HANDLE_CHUNK_AS_DEFAULT, (png_const_bytep)"tRNS", 1);
    png_set_user_limits(png->reader, 0x7fffffff, 0x7fffffff);
    png_set_chunk_malloc_max(png->reader, 1 << 20);
    png_read_info(png->reader, png->info);

    png_byte color = png_get_color_type(png->reader, png->info);
    bool has_alpha = (color & PNG_COLOR_MASK_ALPHA) || png_get_valid(png->reader, png->info, PNG_INFO_tRNS);
    png_set_expand(png->reader);
    png_set_strip_16(png->reader);
    png_set_interlace_handling(png->reader);
    png->width = (int)png_get_image_width(png->reader, png->info);
    png->height = (int)png_get_image_height(png->reader, png->info);
    png->channels = (color & PNG_COLOR_MASK_COLOR ? 3 : 1) + (has_alpha ? 1 : 0);
    png->fault = NULL;
    return png;
}

void citius_png_close(citius_png *png) {
    free(png->rows);
    if (png->reader) png_destroy_read_struct(&png->reader, &png->info, NULL);
    free(png);
}

int citius_png_width(const citius_png *png) { return png->width; }
int citius_png_height(const citius_png *png) { return png->height; }
int citius_png_channels(const citius_png *png) { return png->channels; }

bool citius_png_read(citius_png *png, uint8_t *pixels, citius_image_fault *fault) {
    memset(fault, 0, sizeof *fault);
    png->fault = fault;
    if (setjmp(png_jmpbuf(png->reader))) return false;
    png_read_update_info(png->reader, png->info);
    size_t size = png_get_rowbytes(png->reader, png->info);
    if (size != (size_t)png->width * (size_t)png->channels) png_error(png->reader, "Its header is not one");
    png->rows = calloc((size_t)png->height, sizeof *png->rows);
    if (!png->rows) {
        fault->is_out_of_memory = true;
        return false;
    }
    for (int y = 0; y < png->height; y++) png->rows[y] = pixels + (size_t)y * size;
    png_read_image(png->reader, png->rows);
    png_read_end(png->reader, NULL);
    png->fault = NULL;
    return true;
}
